lab: lock-down-the-database
answer: 1 tier=frontend
