lab: playground
# What the chart's values change, seen in what the cluster does then
$ helm repo add cilium https://helm.cilium.io/
$ kubectl create deployment web --image=nginx:alpine
$ kubectl expose deployment web --port=80
$ kubectl run box --image=curlimages/curl:8.7.1 --command -- sleep 3600
$ kubectl wait --for=condition=ready pod --all --timeout=60s
$ cilium hubble port-forward &
# Layer 7 flows without their queries, once the agents have started again
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: web}
> spec:
>   endpointSelector: {matchLabels: {app: web}}
>   ingress: [{fromEndpoints: [{matchLabels: {run: box}}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET, path: /}]}}]}]
> EOF
$ kubectl exec box -- curl -s -o /dev/null 'http://web/?token=secret'
$ hubble observe -t l7 --last 2
has: GET http://web/?token=secret
$ helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set hubble.redact.enabled=true,hubble.redact.http.urlQuery=true --set hubble.redact.http.headers.deny='{user-agent}'
[exit 0]
$ kubectl -n kube-system rollout restart ds/cilium && kubectl -n kube-system rollout status ds/cilium
[exit 0]
$ kubectl exec box -- curl -s -o /dev/null 'http://web/?token=hidden'
$ hubble observe -t l7 --last 2 -o json
has: "url":"http://web/"
has: "value":"HUBBLE_REDACTED"
no: hidden
# Without the proxy a rule of layer 7 is refused
$ helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set l7Proxy=false,ingressController.enabled=true
[exit 1]
has: requires .Values.l7Proxy to be set to 'true'
# Everybody needs a policy
$ kubectl delete cnp web
$ helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set policyEnforcementMode=always
$ kubectl exec box -- curl -s -o /dev/null -m 3 http://web
[exit 0]
$ kubectl -n kube-system rollout restart ds/cilium && kubectl -n kube-system rollout status ds/cilium
$ kubectl exec box -- curl -s -o /dev/null -m 3 http://web
[exit 28]
$ helm rollback cilium 2 -n kube-system
has: Rollback was a success! Happy Helming!
# The ingress controller with a class that is the default, and a policy for what comes from outside
$ helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set ingressController.enabled=true,ingressController.default=true,ingressController.loadbalancerMode=shared
[exit 0]
$ kubectl -n kube-system rollout restart ds/cilium deploy/cilium-operator && kubectl -n kube-system rollout status ds/cilium
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumLoadBalancerIPPool
> metadata: {name: pool}
> spec: {blocks: [{cidr: 172.18.255.0/24}]}
> EOF
$ kubectl create ingress web --rule="/*=web:80" && sleep 2
$ kubectl get ingress web
re: ^web\s+cilium\s+\*\s+172\.18\.255\.0\s+80\s
$ ssh vpn -- curl -s -o /dev/null -w '%{http_code}\n' http://172.18.255.0/
cols: 200
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumClusterwideNetworkPolicy
> metadata: {name: inside-only}
> spec: {endpointSelector: {}, ingress: [{fromEntities: [cluster]}]}
> ---
> apiVersion: cilium.io/v2
> kind: CiliumClusterwideNetworkPolicy
> metadata: {name: and-the-vpn}
> spec:
>   endpointSelector: {matchExpressions: [{key: "reserved:ingress", operator: Exists}]}
>   ingress: [{fromCIDR: [172.27.224.3/32]}]
> EOF
$ kubectl -n kube-system exec ds/cilium -- cilium-dbg endpoint list
re: ^\d+\s+Enabled\s+Disabled\s+8\s+reserved:ingress\s+10\.244\.\d\.3\s+ready
$ ssh home -- curl -s -w '%{http_code}\n' http://172.18.255.0/
has: Access denied
cols: 403
$ ssh vpn -- curl -s -o /dev/null -w '%{http_code}\n' http://172.18.255.0/
cols: 200
$ kubectl exec box -- curl -s -o /dev/null -w '%{http_code}\n' http://172.18.255.0/
cols: 200
