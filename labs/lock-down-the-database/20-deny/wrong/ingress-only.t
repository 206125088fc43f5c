lab: lock-down-the-database
$ cat > database-policy.yaml <<'END'
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata:
>   name: database-policy
> spec:
>   endpointSelector:
>     matchLabels:
>       tier: database
>   ingress:
>     - {}
> END
$ kubectl apply -f database-policy.yaml
[exit 0]
