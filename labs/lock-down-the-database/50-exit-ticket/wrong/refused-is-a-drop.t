lab: lock-down-the-database
predict: ok, refused, timeout@egress
