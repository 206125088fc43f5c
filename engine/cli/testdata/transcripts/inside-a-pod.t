lab: simple
seed: 43
# What one sees inside containers, and images whose entrypoint is a script
$ kubectl run a --image=curlimages/curl -- sleep 3600; kubectl run b --image=nginx:alpine -- sleep 3600; kubectl run c --image=nginx:alpine
$ kubectl wait --for=condition=ready pod/a pod/b pod/c --timeout=60s
[exit 0]
$ kubectl exec b -- ps
re: ^ +1 root +0:00 sleep 3600$
$ kubectl exec c -- cat /etc/hosts
has: # Kubernetes-managed hosts file.
re: ^10\.244\.\d+\.\d+\tc$
$ kubectl exec -it c -- sh
has: / #
$ nosuch; which curl
has: sh: nosuch: not found
has: /usr/bin/curl
$ exit 3
[exit 3]
has: command terminated with exit code 3
$ kubectl run once -i --rm --image=curlimages/curl --restart=Never -- -s -o /dev/null -w '%{http_code}\n' backend:8080
re: ^200$
has: pod "once" deleted
$ echo hostname | kubectl exec -i a -- sh
cols: a
# the agent's own tools speak to its own sockets
$ kubectl -n kube-system exec ds/cilium -- hubble status
has: Healthcheck (via unix:///var/run/cilium/hubble.sock): Ok
re: /4,095 \(
no: Connected Nodes
$ kubectl -n kube-system exec ds/cilium -- cilium monitor --type drop
^C after 2 s
has: Listening for events
$ kubectl -n kube-system exec ds/cilium -- cilium endpoint list --nosuch
[exit 1]
has: unknown flag: --nosuch
$ cilium status --nosuch
[exit 1]
has: unknown flag: --nosuch
