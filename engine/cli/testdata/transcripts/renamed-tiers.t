lab: playground
seed: 41
# The tiers' images under other names, labels, ports and replicas, in a namespace of their own
$ kubectl create namespace shop && kubectl config set-context --current --namespace=shop
has: namespace/shop created
$ kubectl create deployment api --image=nginx:alpine --replicas=3
$ kubectl expose deployment api --port=8081 --target-port=80
$ kubectl create deployment store --image=docker.io/nicolas/webdis:0.1.22 && kubectl expose deployment store --port=9000 --target-port=7379
has: service/store exposed
$ kubectl run visitor --image=curlimages/curl:8.7.1 --labels=role=visitor -- sleep 3600
$ kubectl wait --for=condition=ready pod --all --timeout=90s
[exit 0]
count: 5 condition met
$ try() { kubectl exec $1 -- curl -s -m 2 -o /dev/null -w '%{http_code}\n' $2; }
$ try deploy/api store:9000/PING; try visitor store:9000/PING; try visitor api:8081
count: 3 ^200$
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: store-policy}
> spec:
>   endpointSelector: {matchLabels: {app: store}}
>   ingress:
>   - fromEndpoints: [{matchLabels: {app: api}}]
>     toPorts: [{ports: [{port: "7000", endPort: 7999, protocol: TCP}]}]
>   ingressDeny:
>   - fromEndpoints: [{matchLabels: {role: visitor}}]
> EOF
has: ciliumnetworkpolicy.cilium.io/store-policy created
$ try deploy/api store:9000/PING
cols: 200
$ try visitor store:9000/PING
[exit 28]
cols: 000
$ kubectl label pod visitor role=guest app=api --overwrite
has: pod/visitor labeled
$ try visitor store:9000/PING
cols: 200
$ hubble observe -P --verdict DROPPED --to-label app=store --last 10
re: shop/visitor:\d+ \(ID:\d+\) <> shop/store-\S+:7379 \(ID:\d+\) Policy denied by denylist DROPPED \(TCP Flags: SYN\)
no: 9000
$ kubectl delete namespace shop
[exit 0]
$ kubectl get cnp -A
has: No resources found
