lab: let-the-vpn-in
$ cat > database-policy.yaml <<'END'
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata:
>   name: database-policy
>   namespace: default
> spec:
>   endpointSelector:
>     matchLabels:
>       tier: database
>   ingress:
>     - fromEndpoints:
>         - matchLabels:
>             tier: backend
>       toPorts:
>         - ports:
>             - port: "7379"
>               protocol: TCP
>     - fromCIDRSet:
>         - cidr: 172.27.224.3/32
>       toPorts:
>         - ports:
>             - port: "7379"
>               protocol: TCP
>   egress:
>     - {}
> END
$ kubectl apply -f database-policy.yaml
[exit 0]
has: configured
$ DBIP=$(kubectl get pod -l tier=database -o jsonpath='{.items[0].status.podIP}')
$ ssh vpn -- curl -s -m 3 http://$DBIP:7379/PING
[exit 0]
has: PONG
$ ssh home -- curl -s -m 3 http://$DBIP:7379/PING
[exit 28]
