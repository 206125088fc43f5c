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
>         - cidr: 0.0.0.0/0
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
