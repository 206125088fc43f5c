lab: lock-down-the-database
$ BACKEND=$(kubectl get pod -l tier=backend -o jsonpath='{.items[0].metadata.name}')
$ kubectl exec $BACKEND -- curl -s database/PING
[exit 0]
has: PONG
$ FRONTEND=$(kubectl get pod -l tier=frontend -o jsonpath='{.items[0].metadata.name}')
$ kubectl exec $FRONTEND -- curl -s database/PING
[exit 0]
has: PONG
$ cilium hubble port-forward &
$ sleep 2
$ hubble observe --to-label tier=database --last 20
[exit 0]
re: database-\S+:7379 .* to-endpoint FORWARDED
