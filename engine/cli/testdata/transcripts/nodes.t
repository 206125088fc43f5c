lab: playground
# What listens on a node beside its pods, what a pod of the host's network is, and the order of events
$ kubectl create deployment web --image=nginx:alpine
$ cat <<EOF | kubectl apply -f -
> apiVersion: apps/v1
> kind: DaemonSet
> metadata: {name: node-exporter}
> spec:
>   selector: {matchLabels: {app: node-exporter}}
>   template:
>     metadata: {labels: {app: node-exporter}}
>     spec:
>       hostNetwork: true
>       containers: [{name: main, image: "quay.io/prometheus/node-exporter:v1.8.2"}]
> ---
> apiVersion: v1
> kind: Pod
> metadata: {name: box}
> spec: {containers: [{name: box, image: "curlimages/curl:8.7.1", command: [sleep, "3600"]}]}
> EOF
$ kubectl wait --for=condition=ready pod --all --timeout=60s
[exit 0]
$ kubectl describe pod -l app=web | sed -n '/^Events/,$p' | awk 'NR>3{printf "%s ", $2}'
has: Scheduled Pulling Pulled Created Started
$ kubectl exec deploy/web -- netstat -tln
re: ^tcp\s+0\s+0 0\.0\.0\.0:80\s+0\.0\.0\.0:\*\s+LISTEN
$ kubectl -n kube-system exec ds/cilium -- ss -tln
re: ^LISTEN 0\s+4096\s+0\.0\.0\.0:10250\s+0\.0\.0\.0:\*
$ kubectl exec box -- nc -zv -w 2 172.18.0.2 22
has: open
$ kubectl exec box -- curl -sk https://172.18.0.2:10250/pods
has: Unauthorized
$ kubectl exec box -- curl -s -o /dev/null -m 3 http://172.18.0.2:10248/healthz
[exit 7]
$ kubectl exec box -- curl -s -o /dev/null -w '%{http_code}\n' -m 3 http://172.18.0.2:9100/metrics
cols: 200
$ kubectl get pods -l app=node-exporter -o wide
re: ^node-exporter-\S+\s+1/1\s+Running\s+0\s+\S+\s+172\.18\.0\.2\s+kind-worker
$ kubectl get cep
no: node-exporter
$ nc -zv vpn 22
has: succeeded!
$ ssh 172.18.0.2
[exit 255]
has: Permission denied (publickey).
# No endpoint policy reaches a pod of the host's network: what is denied is the client's egress
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: lock}
> spec: {endpointSelector: {matchLabels: {app: node-exporter}}, ingress: [{}]}
> EOF
$ kubectl exec box -- curl -s -o /dev/null -w '%{http_code}\n' -m 3 http://172.18.0.2:9100/metrics
cols: 200
