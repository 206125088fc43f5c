lab: lock-down-the-database
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
>             - port: "80"
>               protocol: TCP
>   egress:
>     - {}
> END
$ kubectl apply -f database-policy.yaml
[exit 0]
has: configured
$ kubectl exec deploy/backend -- curl -s -m 3 database/PING
[exit 28]
