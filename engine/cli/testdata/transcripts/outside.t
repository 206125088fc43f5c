lab: playground
seed: 42
# NodePort, headless and ExternalName services; a NetworkPolicy that knows an outside address
$ kubectl create deployment web --image=nginx:alpine --replicas=2 && kubectl create service nodeport web --tcp=80:80 --node-port=30123
has: service/web created
$ kubectl run probe --image=nginx:alpine && kubectl wait --for=condition=ready pod --all --timeout=60s
[exit 0]
$ NODE=$(kubectl get node kind-worker -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}')
$ ssh vpn curl -s -m 3 -o /dev/null -w '%{http_code}\n' http://$NODE:30123
cols: 200
$ cat <<'EOT' | kubectl apply -f -
> apiVersion: networking.k8s.io/v1
> kind: NetworkPolicy
> metadata: {name: web}
> spec:
>   podSelector: {matchLabels: {app: web}}
>   ingress:
>   - from: [{ipBlock: {cidr: 172.27.0.0/16, except: [172.27.224.0/24]}}]
> ---
> apiVersion: v1
> kind: Service
> metadata: {name: outside}
> spec: {type: ExternalName, externalName: example.com}
> ---
> apiVersion: v1
> kind: Service
> metadata: {name: each}
> spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
> EOT
count: 3 created$
$ IP=$(kubectl get pod -l app=web -o jsonpath='{.items[0].status.podIP}'); ssh vpn curl -s -m 3 http://$IP
[exit 28]
$ kubectl patch netpol web --type=json -p '[{"op":"remove","path":"/spec/ingress/0/from/0/ipBlock/except"}]'
has: networkpolicy.networking.k8s.io/web patched
$ ssh vpn curl -s -m 3 -o /dev/null -w '%{http_code}\n' http://$IP; ssh office curl -s -m 3 http://$IP
[exit 28]
cols: 200
$ kubectl exec probe -- curl -s -m 3 -o /dev/null -w '%{http_code}\n' outside
cols: 200
$ kubectl exec probe -- nslookup each.default.svc.cluster.local
count: 2 ^Address: 10\.244\.
