lab: playground
seed: 14
# Maps, JSON and mistakes with the agent's own tool; the DNS cache is cleared and its addresses are gone until the next answer
$ kubectl run web --image=nginx --port 80 --expose -l app=web; kubectl run cl --image=curlimages/curl -l app=cl --command -- sleep 9999; kubectl wait --for=condition=Ready pod/web pod/cl
count: 2 condition met
$ kubectl apply -f - <<EOF
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: cl}
> spec:
>   endpointSelector: {matchLabels: {app: cl}}
>   egress:
>   - toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}}]
>     toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]
>   - toFQDNs: [{matchName: example.com}]
> EOF
[exit 0]
$ P=$(kubectl -n kube-system get pod -l k8s-app=cilium --field-selector spec.nodeName=$(kubectl get pod web -o jsonpath='{.spec.nodeName}') -o name); D="kubectl -n kube-system exec $P -- cilium-dbg"; W=$(kubectl get pod web -o jsonpath='{.status.podIP}'); E=$($D endpoint list | grep k8s:app=web | awk '{print $1}')
[exit 0]
$ kubectl exec cl -- curl -s -m 2 -o /dev/null -w '%{http_code}\n' example.com; kubectl exec cl -- curl -s -m 2 web
cols: 200
[exit 28]
$ $D fqdn cache list -p 'example.*' -o json | jq -c '.[0] | keys'
cols: ["endpoint-id","expiration-time","fqdn","ips","lookup-time","source","ttl"]
$ $D fqdn cache clean | tail -1
cols: The command is non-revertible, do you want to continue [y/N]?
$ $D fqdn cache clean -f; $D fqdn cache list | wc -l
cols: FQDN proxy cache cleared
cols: 1
$ kubectl exec cl -- curl -s -m 2 --resolve example.com:80:93.184.216.34 example.com
[exit 28]
$ kubectl exec cl -- curl -s -m 2 -o /dev/null -w '%{http_code}\n' example.com
cols: 200
$ $D bpf metrics list
cols: REASON DIRECTION PACKETS BYTES LINE FILE
re: ^Policy denied +EGRESS +\d+ +\d+ +\d+ +bpf_lxc\.c$
re: ^Success +EGRESS +\d+
$ $D bpf ct list | grep -c '^TCP OUT .*93.184.216.34:80 .*NatPort=0 $'; $D bpf ct list -d | head -1
cols: 2
re: expires=\d+ \(remaining: \d+ sec\(s\)\) Packets=0
$ $D bpf ct list abc
has: Invalid argument: unknown type abc
$ $D bpf lb list -o json | jq -r --arg w "$W" 'to_entries[] | select(.value[0] | startswith($w)) | .value[0]'
re: ^\d+(\.\d+){3}:80/TCP \(\d+\) \(1\)$
$ $D service list -o json | jq -c '.[] | select(.spec.flags.name == "web") | .status.realized["backend-addresses"][0] | [.port, .protocol, .state]'
cols: [80,"TCP","active"]
$ $D service list | grep -A1 4244
count: 1 172\.18\.0\.\d+:4244/TCP
$ $D ip get $W/32; $D ip get $W; $D ip get
re: /32 +k8s:app=web +custom-resource$
has: Error: Unable to parse CIDR
has: Error: Missing cidr argument
$ $D bpf ipcache get $W; $D bpf ipcache get 9.9.9.9
re: ^\d+\S+ maps to identity identity=\d+ encryptkey=0
has: 9.9.9.9 maps to identity identity=2
$ $D map get cilium_lxc; $D map get nope
cols: Key Value State Error
re: \(localhost\) +sync
has: Error: [GET /map/{name}][404] getMapNameNotFound
$ $D node list -o jsonpath='{[*].primary-address.ipv4.ip}'
re: ^172\.18\.0\.\d 172\.18\.0\.\d$
$ $D endpoint labels $E | head -1; $D endpoint health $E
cols: k8s:app=web Enabled
cols: Overall Health: OK
$ $D endpoint get abc
[exit 1]
has: Error: Cannot get endpoint abc: [GET /endpoint/{id}][400] getEndpointIdInvalid
$ $D endpoint health
[exit 1]
has: Error: Missing endpoint id argument
has: cilium-dbg endpoint health <endpoint id> [flags]
$ $D endpont list
[exit 1]
count: 2 ^	endpoint$
$ $D bpf policy get abc
[exit 1]
has: Error: Failed to parse endpointID "abc"
$ $D config get policy-audit-mode; $D config PolicyAuditMode=maybe
[exit 1]
cols: Disabled
cols: invalid option value maybe
$ $D status --all-nodes | sed -n '/Cluster health/,$p'
re: ^Cluster health: +2/2 reachable +\(\S+\) +\(Probe interval: 1m5\.91673732s\)$
re: ^  kind-kind/kind-worker \(localhost\) +172\.18\.0\.\d +1/1 +1/1$
$ $D metrics list -p 'enforcement.*none' -o json | jq -c '.[0] | [.name, .labels.enforcement]'
cols: ["cilium_policy_endpoint_enforcement_status","none"]
$ kubectl -n kube-system exec $P -- cilium-health status | tail -1
re: ^  kind-kind/kind-control-plane +172\.18\.0\.\d +1/1 +1/1$
$ kubectl -n kube-system logs $P | grep -c 'level=info'
cols: 7
$ $D policy selectors | grep k8s-app; $D policy selectors -v | grep -c 'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy k8s:io.cilium.k8s.policy.name=cl '
re: k8s-app: kube-dns.* default/cl +1 +\d+ +$
cols: 2
$ $D policy selectors -o json | jq -c '.[0].labels[0][1]'
cols: {"key":"io.cilium.k8s.policy.name","source":"k8s","value":"cl"}
