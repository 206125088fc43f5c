lab: let-the-vpn-in
$ DBIP=$(kubectl get pod -l tier=database -o jsonpath='{.items[0].status.podIP}')
$ ssh vpn -- curl -s -m 3 http://$DBIP:7379/PING
[exit 28]
$ kubectl exec deploy/backend -- curl -s -m 3 database/PING
[exit 0]
has: PONG
