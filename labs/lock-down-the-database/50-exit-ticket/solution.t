lab: lock-down-the-database
predict: ok, timeout@ingress, timeout@egress
