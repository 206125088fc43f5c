lab: lock-down-the-database
# the name of somebody else's pod
$ kubectl exec backend-784c669968-q6w9w -- curl -s database/PING
[exit 1]
has: NotFound
