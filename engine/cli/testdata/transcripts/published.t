lab: playground
# Ports that docker publishes on the workstation: the API server's, and those of a kind configuration
$ curl -sk https://127.0.0.1:6443/version
has: "gitVersion": "v1.32.
$ cat <<EOF | kind create cluster --config -
> kind: Cluster
> apiVersion: kind.x-k8s.io/v1alpha4
> name: edge
> nodes:
> - role: control-plane
>   extraPortMappings: [{containerPort: 30080, hostPort: 8088}]
> EOF
[exit 0]
$ kubectl create deployment web --image=nginx:alpine
$ kubectl expose deployment web --port=80 --overrides='{"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}'
$ kubectl rollout status deploy/web
$ curl -s -o /dev/null -w '%{http_code}\n' localhost:8088
cols: 200
$ kind delete cluster --name edge
$ curl -s -o /dev/null localhost:8088
[exit 7]
