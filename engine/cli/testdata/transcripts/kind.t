lab: workstation
# A cluster without a network plugin, then one with kind's own; contexts, mistakes, an interrupted creation.
$ kind create cluster --config nowhere.yaml
[exit 1]
has: ERROR: failed to create cluster: error reading file: open nowhere.yaml: no such file or directory
$ cat > plain.yaml <<'EOT'
> kind: Cluster
> apiVersion: kind.x-k8s.io/v1alpha4
> name: plain
> nodes:
> - role: control-plane
> - role: worker
>   labels:
>     tier: front
> - role: worker
> networking:
>   disableDefaultCNI: true
>   podSubnet: 10.10.0.0/16
>   serviceSubnet: 10.20.0.0/20
> EOT
$ kind create cluster --config plain.yaml
[exit 0]
re: ^ • Ensuring node image \(kindest/node:v1\.32\.\d+\) 🖼  \.\.\.$
re: ^ ✓ Preparing nodes 📦 📦 📦 $
no: Installing CNI
has: Set kubectl context to "kind-plain"
over: 25 s
under: 90 s
$ kubectl get nodes -L tier
re: ^plain-worker\s+NotReady\s+<none>\s+\d+s\s+v1\.32\.\d+\s+front$
count: 3 NotReady
$ kubectl get node plain-worker -o jsonpath='{.spec.podCIDR} {.status.conditions[?(@.type=="Ready")].message}'
has: 10.10.1.0/24 container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized
$ kubectl get svc -A
re: ^default\s+kubernetes\s+ClusterIP\s+10\.20\.0\.1\s
re: ^kube-system\s+kube-dns\s+ClusterIP\s+10\.20\.0\.10\s
$ kubectl get pods -A
count: 2 ^kube-system\s+coredns-\S+\s+0/1\s+Pending\s
count: 1 ^local-path-storage\s+local-path-provisioner-\S+\s+0/1\s+Pending\s
count: 3 ^kube-system\s+kube-proxy-\S+\s+1/1\s+Running\s
re: ^kube-system\s+etcd-plain-control-plane\s+1/1\s+Running\s
no: kindnet
$ kubectl get cnp
[exit 1]
has: error: the server doesn't have a resource type "cnp"
$ kind create cluster --wait 3m
[exit 0]
has: Installing CNI
re: ^ • Ready after \d+s 💚$
$ kubectl config get-contexts
re: ^\*\s+kind-kind\s+kind-kind\s+kind-kind
re: ^\s+kind-plain\s+kind-plain\s+kind-plain
$ kubectl -n kube-system rollout status deploy/coredns
[exit 0]
$ kubectl create deployment web --image nginx:alpine
$ kubectl expose deployment web --port 80
$ kubectl run box --image curlimages/curl:8.7.1 --command -- sleep 3600
$ kubectl wait --for=condition=ready pod --all --timeout=90s
[exit 0]
$ kubectl exec box -- curl -s -m 3 -o /dev/null -w '%{http_code}\n' http://web
cols: 200
$ kubectl apply -f - <<'EOT'
> apiVersion: networking.k8s.io/v1
> kind: NetworkPolicy
> metadata: {name: nobody}
> spec: {podSelector: {matchLabels: {app: web}}}
> EOT
[exit 0]
# kindnet enforces NetworkPolicies
$ kubectl exec box -- curl -s -m 3 http://web
[exit 28]
$ kubectl apply -f - <<'EOT'
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: nobody}
> spec: {endpointSelector: {}}
> EOT
[exit 1]
has: no matches for kind "CiliumNetworkPolicy" in version "cilium.io/v2"
has: ensure CRDs are installed first
$ kubectl --context kind-plain get pods
has: No resources found in default namespace.
$ kubectl config use-context kind-plain
$ kubectl get pods
has: No resources found in default namespace.
$ kind create cluster
[exit 1]
has: node(s) already exist for a cluster with the name "kind"
$ kind delete cluster
has: Deleted nodes: ["kind-control-plane"]
$ kubectl config current-context
cols: kind-plain
$ kubectl --context kind-kind get nodes
[exit 1]
has: context was not found for specified context: kind-kind
$ kind delete clusters --all
has: Deleted clusters: ["plain"]
$ kubectl get nodes
[exit 1]
has: The connection to the server localhost:8080 was refused
# the container is there, its cluster is not
$ kind create cluster
^C after 5 s
$ kind get clusters
cols: kind
$ kind export kubeconfig
[exit 1]
has: failed to get cluster internal kubeconfig
has: Command Output: cat: /etc/kubernetes/admin.conf: No such file or directory
$ kind create cluster
[exit 1]
has: already exist
$ kind delete cluster
$ kind get clusters
has: No kind clusters found.
