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
>     - {}
>   egress:
>     - {}
> END
$ kubectl apply -f database-policy.yaml
[exit 0]
has: created
$ kubectl get cnp
re: ^database-policy\s+\d+s\s+True$
