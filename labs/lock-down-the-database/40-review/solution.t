lab: lock-down-the-database
answer: 1 tier=backend
answer: 2 172.27.224.3/32
