lab: playground
seed: 5
# Which events a connection leaves, and in which order: plain, through the HTTP proxy at either end, through the DNS proxy, denied, ICMP
$ kubectl run web --image=nginx --port 80 -l app=web; kubectl run cl --image=curlimages/curl -l app=cl --command -- sleep 9999; kubectl wait --for=condition=Ready pod/web pod/cl; kubectl expose pod web --port 80
count: 2 condition met
$ kubectl exec cl -- curl -s -o /dev/null http://web/; hubble observe -P --pod default/cl --to-service default/web
re: default/cl \(ID:\d+\) <> default/web:80 \(world\) pre-xlate-fwd TRACED \(TCP\)
$ hubble observe -P --pod default/cl --protocol tcp --all | sed 's/.*) //; s/ (TCP Flags//; s/)$//' | grep -c .
[exit 0]
$ hubble observe -P --pod default/cl --protocol tcp --type trace --all | sed 's/.*: TCP/TCP/; s/.*) \(to-[a-z]*\).*(TCP Flags: \(.*\))/\1 \2/' | paste -sd';'
has: to-endpoint SYN;to-endpoint SYN, ACK;to-endpoint ACK;to-endpoint ACK, PSH;to-endpoint ACK, PSH;to-endpoint ACK, FIN;to-endpoint ACK, FIN
$ kubectl apply -f - <<EOF
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: cl}
> spec:
>   endpointSelector: {matchLabels: {app: cl}}
>   egress:
>   - toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}}]
>     toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchName: web.default.svc.cluster.local}]}}]
>   - toEndpoints: [{matchLabels: {app: web}}]
>     toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: "/"}]}}]
> EOF
[exit 0]
$ sleep 5; kubectl exec cl -- curl -s -m 3 http://web/x; hubble observe -P --pod default/cl --since 1s --not --type trace-sock | sed 's/^.* \(policy-verdict\|to-\|dns-\|http-\)\([a-z-]*\).*/\1\2/' | paste -sd' '
has: Access denied
has: policy-verdict to-proxy dns-request
re: dns-response to-endpoint dns-request dns-response policy-verdict to-proxy to-endpoint to-proxy to-proxy http-request http-response to-endpoint to-proxy to-endpoint$
$ hubble observe -P --pod default/cl --since 1s --http-status 403
re: default/cl:\d+ \(ID:\d+\) <- default/web:80 \(ID:\d+\) http-response FORWARDED \(HTTP/1.1 403 0ms \(GET http://web/x\)\)
$ hubble observe -P --pod default/web --since 1s --type trace:to-endpoint --not --reply
no: default/web:80
$ sleep 5; kubectl exec cl -- curl -s -m 3 -o /dev/null http://web/; hubble observe -P --to-pod default/web --since 1s --not --type trace-sock | sed 's/^.* \(policy-verdict\|to-\|dns-\|http-\)\([a-z-]*\).*/\1\2/' | paste -sd' '
re: ^policy-verdict to-proxy to-proxy to-proxy http-request to-endpoint to-endpoint to-endpoint to-proxy
$ kubectl exec cl -- curl -s -m 3 http://example.com/
[exit 28]
$ hubble observe -P --pod default/cl --protocol dns --verdict DROPPED --last 1
re: dns-request proxy DROPPED \(DNS Query example\.com\.(.*)? A
$ kubectl exec cl -- ping -c1 -W1 1.1.1.1; hubble observe -P --pod default/cl --protocol icmpv4 | sed 's/^[^<]*//'
cols: <> 1.1.1.1 (world) policy-verdict:none EGRESS DENIED (ICMPv4 EchoRequest)
cols: <> 1.1.1.1 (world) Policy denied DROPPED (ICMPv4 EchoRequest)
$ hubble observe -P -f --pod default/cl
^C after 2 s
[exit 0]
$ hubble observe -P --cel-expression "_flow.verdict == Verdict.DROPPED && _flow.source.pod_name.startsWith('cl')" --last 100 | grep -c DROPPED
re: ^[1-9]\d*$
$ hubble observe -P --cel-expression '_flow.source.identity == 1'
[exit 1]
has: error compiling CEL expression: ERROR: <input>:1:23: found no matching overload for '_==_' applied to '(uint, int)'
$ hubble observe -P -n default --to-fqdn example.com
[exit 0]
has: note: real hubble 1.20 refuses --to-fqdn together with --namespace
$ hubble observe -P -n default --to-pod default/web
[exit 1]
has: invalid argument "default/web" for "--to-pod" flag: filters --to-pod and --namespace cannot be combined
$ hubble observe -P -o json --last 1 | jq -c 'keys_unsorted, (.flow|keys_unsorted[0:3])'
cols: ["flow","node_name","time"]
cols: ["time","uuid","emitter"]
$ hubble list nodes -P -o wide
cols: NAME STATUS AGE FLOWS/S CURRENT/MAX-FLOWS VERSION ADDRESS TLS
count: 2 Connected .* 1\.20\.2 .*:4244 +Enabled$
$ hubble watch peers -P
[exit 1]
has: rpc error: code = Unimplemented desc = unknown service peer.Peer
$ hubble config set server localhost:9999; hubble config get server; hubble status; hubble config reset server
has: localhost:9999
has: failed getting status: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:9999: connect: connection refused"
$ hubble record
[exit 1]
cols: unknown command "record" for "hubble"
# An outsider's packet through another node's port is no socket's of that node; the pod sees the node
$ kubectl delete cnp cl; kubectl expose pod web --type NodePort --name out --port 80; N=$(kubectl get svc out -o jsonpath='{.spec.ports[0].nodePort}'); H=$(kubectl get pod web -o jsonpath='{.spec.nodeName}'); O=$(kubectl get node -o name | grep -v "$H$"); sleep 6; curl -s -o /dev/null -m 3 http://$(kubectl get $O -o jsonpath='{.status.addresses[0].address}'):$N/ -w '%{http_code}\n'
cols: 200
$ hubble observe -P --to-pod default/web --since 2s
re: 172\.18\.0\.\d+:\d+ \((remote-node|kube-apiserver)\) -> default/web:80 \(ID:\d+\) to-endpoint FORWARDED \(TCP Flags: SYN\)
no: xlate
