lab: lock-down-the-database
answer: 2 102.213.50.174/32
