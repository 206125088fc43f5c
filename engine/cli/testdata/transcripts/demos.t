lab: playground
# The demos do what one can see of them from outside: votes are counted, bots and servers say what happens to them
$ kubectl apply -f https://run.linkerd.io/emojivoto.yml
$ kubectl run box --image=curlimages/curl:8.7.1 --command -- sleep 3600
$ sleep 60
$ kubectl -n emojivoto logs deploy/vote-bot --tail=4
count: 4 ^✔ Voting for :[a-z]+:$
$ kubectl -n emojivoto logs deploy/web
has: Starting web server on WEB_PORT=[8080]
$ kubectl exec box -- curl -s web-svc.emojivoto/api/leaderboard
re: ^\[\{"shortcode":":[a-z]+:","unicode":"\S+","votes":"\d+"\},
$ kubectl exec box -- curl -s -w '%{http_code}\n' 'web-svc.emojivoto/api/vote?choice=:cabbage:'
has: {"error":"Choosen emoji shortcode [:cabbage:] doesnt exist"}
cols: 400
$ kubectl exec box -- curl -s -o /dev/null -w '%{http_code}\n' 'web-svc.emojivoto/api/vote?choice=:ghost:'
cols: 200
# Behind a policy that forgets the callers
$ cat <<EOF | kubectl apply -f -
> apiVersion: networking.k8s.io/v1
> kind: NetworkPolicy
> metadata: {name: quiet, namespace: emojivoto}
> spec: {podSelector: {matchLabels: {app: emoji-svc}}, policyTypes: [Ingress]}
> EOF
$ kubectl exec box -- curl -s -w '%{http_code}\n' web-svc.emojivoto/api/list
has: rpc error: code = Unavailable
cols: 500
$ kubectl -n emojivoto logs deploy/web --tail=1
has: Error serving request: rpc error: code = Unavailable
$ kubectl -n emojivoto patch netpol quiet --type merge -p '{"spec":{"podSelector":{"matchLabels":{"app":"web-svc"}}}}'
$ sleep 4
$ kubectl -n emojivoto logs deploy/vote-bot --tail=1
re: ^Get "http://web-svc\.emojivoto:80/api/
# Files that the images bring along
$ kubectl create deployment front --image=nginx:alpine
$ kubectl create deployment store --image=nicolas/webdis:0.1.22
$ kubectl rollout status deploy/front && kubectl rollout status deploy/store
$ kubectl exec deploy/front -- cat /etc/nginx/conf.d/default.conf
has: root   /usr/share/nginx/html;
$ kubectl logs deploy/front
has: 10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf
$ kubectl exec deploy/store -- cat /etc/webdis.prod.json
has: "http_port": 7379,
# Any published version of a guide's file
$ curl -s -o /dev/null -w '%{http_code}\n' https://raw.githubusercontent.com/cilium/cilium/v1.16.5/examples/minikube/sw_l3_l4_policy.yaml
cols: 200
$ curl -s -o /dev/null -w '%{http_code}\n' https://raw.githubusercontent.com/cilium/cilium/cabbage/examples/minikube/sw_l3_l4_policy.yaml
cols: 404
# Grafana lets its admin in, Prometheus says why it cannot scrape, and the agents are scraped once the chart says so
$ kubectl apply -f https://raw.githubusercontent.com/cilium/cilium/main/examples/kubernetes/addons/prometheus/monitoring-example.yaml
$ helm repo add cilium https://helm.cilium.io/
$ helm upgrade cilium cilium/cilium -n kube-system --reuse-values --set prometheus.enabled=true
$ kubectl -n kube-system rollout status ds/cilium && sleep 40
$ kubectl exec box -- curl -s -d '{"user":"admin","password":"admin"}' grafana.cilium-monitoring:3000/login
has: "message":"Logged in"
$ kubectl exec box -- curl -s -d '{"user":"admin","password":"cabbage"}' grafana.cilium-monitoring:3000/login
has: Invalid username or password
$ kubectl exec box -- curl -s prometheus.cilium-monitoring:9090/api/v1/targets | jq -r '.data.activeTargets[]|"\(.scrapeUrl) \(.health)"'
count: 2 :9962/metrics up$
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: silent, namespace: cilium-monitoring}
> spec: {endpointSelector: {matchLabels: {app: prometheus}}, egress: [{}]}
> EOF
$ sleep 20
$ kubectl exec box -- curl -s prometheus.cilium-monitoring:9090/api/v1/targets | jq -r '.data.activeTargets[].lastError'
re: ^Get "http://172\.18\.0\.2:9962/metrics": context deadline exceeded$
