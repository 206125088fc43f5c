lab: playground
seed: 5
# Cilium's first two guides, typed as they are printed: the demo by URL, L3/L4, L7, names in DNS
$ kubectl create -f https://raw.githubusercontent.com/cilium/cilium/1.20.2/examples/minikube/http-sw-app.yaml
cols: deployment.apps/deathstar created
cols: pod/xwing created
$ kubectl wait --for=condition=ready pod --all --timeout=60s
count: 4 condition met
$ kubectl exec xwing -- curl -s -XPOST deathstar.default.svc.cluster.local/v1/request-landing
cols: Ship landed
$ kubectl exec tiefighter curl deathstar
[exit 1]
has: error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead
$ kubectl apply -f https://raw.githubusercontent.com/cilium/cilium/HEAD/examples/minikube/sw_l3_l4_policy.yaml
cols: ciliumnetworkpolicy.cilium.io/rule1 created
$ kubectl exec tiefighter -- curl -s -XPOST deathstar.default.svc.cluster.local/v1/request-landing
cols: Ship landed
$ kubectl exec xwing -- curl -s -XPOST deathstar.default.svc.cluster.local/v1/request-landing
^C after 3 s
[exit 130]
$ kubectl get cnp -A -o wide
re: ^default +rule1 +\S+ +True$
$ hubble observe -P --pod deathstar --verdict DROPPED --last 1
re: default/xwing:\d+ \(ID:\d+\) <> default/deathstar-\S+:80 \(ID:\d+\) Policy denied DROPPED \(TCP Flags: SYN\)
$ kubectl exec tiefighter -- curl -s -XPUT deathstar.default.svc.cluster.local/v1/exhaust-port
has: Panic: deathstar exploded
$ kubectl apply -f https://raw.githubusercontent.com/cilium/cilium/main/examples/minikube/sw_l3_l4_l7_policy.yaml
cols: ciliumnetworkpolicy.cilium.io/rule1 configured
$ kubectl exec tiefighter -- curl -s -XPUT deathstar.default.svc.cluster.local/v1/exhaust-port
cols: Access denied
$ kubectl exec tiefighter -- curl -s -XPOST deathstar.default.svc.cluster.local/v1/request-landing
cols: Ship landed
$ kubectl delete -f https://raw.githubusercontent.com/cilium/cilium/v1.20.2/examples/minikube/http-sw-app.yaml
has: pod "xwing" deleted
$ kubectl create -f https://raw.githubusercontent.com/cilium/cilium/1.20.2/examples/kubernetes-dns/dns-sw-app.yaml
cols: pod/mediabot created
$ kubectl wait pod/mediabot --for=condition=Ready; kubectl apply -f https://raw.githubusercontent.com/cilium/cilium/1.20.2/examples/kubernetes-dns/dns-matchname.yaml
has: ciliumnetworkpolicy.cilium.io/fqdn created
$ kubectl exec mediabot -- curl -I -s https://api.github.com | head -1
re: ^HTTP/2 200
$ kubectl exec mediabot -- curl -I -s --max-time 5 https://support.github.com
[exit 28]
$ kubectl apply -f https://raw.githubusercontent.com/cilium/cilium/1.20.2/examples/kubernetes-dns/dns-pattern.yaml; for h in support gist; do kubectl exec mediabot -- curl -I -s https://$h.github.com | head -1; done
count: 2 ^HTTP/2 200
$ kubectl exec mediabot -- curl -I -s --max-time 5 https://github.com
[exit 28]
$ kubectl apply -f https://raw.githubusercontent.com/cilium/cilium/1.20.2/examples/kubernetes-dns/dns-port.yaml; kubectl exec mediabot -- curl -I -s --max-time 5 http://support.github.com
[exit 28]
$ kubectl exec mediabot -- curl -s -o /dev/null -w '%{http_code}\n' https://support.github.com
cols: 200
# Kubernetes' own task about network policies
$ kubectl create deployment nginx --image=nginx; kubectl expose deployment nginx --port=80; kubectl rollout status deploy/nginx
has: deployment "nginx" successfully rolled out
$ kubectl apply -f https://k8s.io/examples/service/networking/nginx-policy.yaml
cols: networkpolicy.networking.k8s.io/access-nginx created
$ kubectl run busybox --rm -ti --labels="access=true" --image=busybox:1.28 -- wget --spider --timeout=1 nginx
has: remote file exists
$ kubectl run busybox --rm -ti --image=busybox:1.28 -- wget --spider --timeout=1 nginx
has: wget: download timed out
