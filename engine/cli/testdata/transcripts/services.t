lab: playground
# The kinds of Services, from inside and from outside
$ kubectl create deployment who --image=traefik/whoami --replicas=2
$ kubectl rollout status deploy/who --timeout=60s
$ kubectl expose deployment who --port=80
$ kubectl expose deployment who --name=who-node --port=80 --type=NodePort
$ kubectl expose deployment who --name=who-lb --port=80 --type=LoadBalancer
$ kubectl expose deployment who --name=who-headless --port=80 --cluster-ip=None
$ kubectl create service externalname far --external-name=example.com
$ kubectl run c --image=nicolaka/netshoot --command -- sleep 3600
$ kubectl wait --for=condition=ready pod/c --timeout=60s
has: condition met
$ kubectl exec c -- curl -s who
re: ^Hostname: who-
$ kubectl exec c -- dig +short who-headless.default.svc.cluster.local
count: 2 ^10\.244\.
$ kubectl exec c -- dig +short far.default.svc.cluster.local
has: example.com.
$ PORT=$(kubectl get svc who-node -o jsonpath='{.spec.ports[0].nodePort}')
$ ssh vpn -- curl -s http://172.18.0.2:$PORT
re: ^Hostname: who-
# A node that has no backend hides the client; with Local it is not asked at all
$ ssh vpn -- curl -s http://172.18.0.3:$PORT
re: ^RemoteAddr: 172\.18\.0\.3:
$ kubectl patch svc who-node -p '{"spec":{"externalTrafficPolicy":"Local"}}'
$ ssh vpn -- curl -s http://172.18.0.2:$PORT
re: ^RemoteAddr: 172\.27\.224\.3:
$ ssh vpn -- curl -s -m 3 http://172.18.0.3:$PORT
[exit 28]
# Pending until a pool exists, then reached from outside
$ kubectl get svc who-lb
re: ^who-lb\s+LoadBalancer\s+\S+\s+<pending>\s
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumLoadBalancerIPPool
> metadata: {name: pool}
> spec: {blocks: [{start: 172.18.255.200, stop: 172.18.255.250}]}
> EOF
has: ciliumloadbalancerippool.cilium.io/pool created
$ kubectl get svc who-lb
re: ^who-lb\s+LoadBalancer\s+\S+\s+172\.18\.255\.200\s
$ ssh vpn -- curl -s http://172.18.255.200
re: ^Hostname: who-
$ kubectl get ippools
re: ^pool\s+false\s+False\s+50\s
# Who always asks the same
$ kubectl patch svc who -p '{"spec":{"sessionAffinity":"ClientIP"}}'
$ for i in 1 2 3 4 5 6; do kubectl exec c -- curl -s who | head -1; done | sort -u | wc -l
cols: 1
