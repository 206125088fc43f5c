lab: playground
seed: 6
# What learners do when something does not work: debug containers, logs of what does not start, explain of Cilium's kinds
$ kubectl run web --image=nginx --port 80 --expose; kubectl wait pod/web --for=condition=Ready
has: pod/web condition met
$ kubectl debug web -it --image=nicolaka/netshoot -- curl -s -o /dev/null -w '%{http_code}\n' localhost
re: ^Defaulting debug container name to debugger-[a-z0-9]{5}\.$
cols: 200
$ kubectl debug web --image=busybox --container=dbg --target=web -- sleep 1000
has: Targeting container "web".
$ sleep 4; kubectl exec web -c dbg -- hostname; kubectl get pod web
cols: web
re: ^web +1/1 +Running +0
$ kubectl exec web -- hostname
re: ^Defaulted container "web" out of: web, debugger-\w+ \(ephem\), dbg \(ephem\)$
$ kubectl describe pod web | grep -A12 ' dbg:'
re: ^ +State: +Running$
re: ^ +Ready: +False$
$ kubectl debug web -it --copy-to=web2 --image=busybox -- hostname
cols: web2
$ kubectl get pod web2 -o jsonpath='{.spec.containers[*].image}{"\n"}'
cols: nginx busybox
$ kubectl debug node/kind-worker -it --image=busybox -- hostname
re: ^Creating debugging pod node-debugger-kind-worker-[a-z0-9]{5} with container debugger on node kind-worker\.$
cols: kind-worker
$ kubectl debug nope -it --image=busybox
[exit 1]
has: Error from server (NotFound): pods "nope" not found
$ kubectl run slow --image=nginx; kubectl logs slow
[exit 1]
has: Error from server (BadRequest): container "slow" in pod "slow" is waiting to start: ContainerCreating
$ kubectl run bad --image=nosuchimage:latest; sleep 6; kubectl logs bad
[exit 1]
has: container "bad" in pod "bad" is waiting to start: trying and failing to pull image
$ kubectl run crash --image=busybox -- sh -c 'echo boom; exit 1'; sleep 20; kubectl logs crash
has: boom
$ kubectl explain cnp.spec
re: ^  endpointSelector\t<Object>$
re: ^  ingress\t<\[\]Object>$
$ kubectl explain cnp.spec.egress.toFQDNs
cols: FIELD: toFQDNs <[]Object>
re: ^  matchPattern\t<string>$
$ kubectl explain ccnp.spec.ingress --recursive
re: ^  fromEntities\t<\[\]string>$
$ kubectl explain cnp.spec.podSelector
[exit 1]
has: error: field "podSelector" does not exist
$ printf -- '-n a\n-n b\n' | xargs -L 1 -r echo kubectl delete pod
cols: kubectl delete pod -n a
cols: kubectl delete pod -n b
# The image that everybody debugs with has the whole tools, not the applets
$ kubectl run net --image=nicolaka/netshoot --command -- sleep infinity; kubectl wait pod/net --for=condition=Ready
has: pod/net condition met
$ kubectl exec net -- nc -zv web 80; kubectl exec net -- ping -c 1 8.8.8.8; kubectl exec net -- dig web.default.svc.cluster.local | head -2
re: ^Connection to web \(10\.96\.\d+\.\d+\) 80 port \[tcp/http\] succeeded!$
re: ^64 bytes from 8\.8\.8\.8: icmp_seq=1 ttl=
re: <<>> DiG 9\.20\.15 <<>>
$ kubectl run un --image=nginxinc/nginx-unprivileged --port 8080 --expose; kubectl wait pod/un --for=condition=Ready; kubectl exec net -- curl -sI un:8080
re: ^Server: nginx/1\.\d+\.\d+$
$ kubectl exec web -- apt-get update; kubectl exec web -- apt-get install -y curl
[exit 100]
re: ^  Could not resolve 'deb\.debian\.org'$
has: E: Unable to locate package curl
$ kubectl run al --image=alpine -- sleep 999; kubectl wait --for=condition=Ready pod/al; kubectl exec al -- apk add curl
[exit 1]
has: curl (no such package):
$ kubectl run b --rm -ti --image=busybox -- hostname
has: Session ended, resume using 'kubectl attach b -c b -i -t' command when the pod is running
