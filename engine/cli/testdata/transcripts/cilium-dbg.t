lab: playground
seed: 12
# The agent's own tool: endpoints, maps, audit mode of one endpoint and of the agent, and what it does to flows
$ kubectl run web --image=nginx --port 80 -l app=web; kubectl run cl --image=curlimages/curl -l app=cl --command -- sleep 9999
[exit 0]
$ kubectl wait --for=condition=Ready pod/web pod/cl
count: 2 condition met
$ kubectl apply -f - <<EOF
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: web}
> spec:
>   endpointSelector: {matchLabels: {app: web}}
>   ingress:
>   - fromEndpoints: [{matchLabels: {app: other}}]
>     toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: "/x"}]}}]
>   - fromEndpoints: [{matchLabels: {app: cl}}]
>     toPorts: [{ports: [{port: "8080", endPort: 8083, protocol: TCP}]}]
>   egressDeny:
>   - toCIDR: [1.1.1.0/24]
> EOF
[exit 0]
$ P=$(kubectl -n kube-system get pod -l k8s-app=cilium --field-selector spec.nodeName=$(kubectl get pod web -o jsonpath='{.spec.nodeName}') -o name); D="kubectl -n kube-system exec $P -c cilium-agent -- cilium-dbg"; W=$(kubectl get pod web -o jsonpath='{.status.podIP}')
[exit 0]
$ E=$($D endpoint list | grep k8s:app=web | awk '{print $1}'); $D endpoint list | grep "^$E "
re: ^\d+ +Enabled +Enabled +\d+ +k8s:app=web
$ $D bpf policy get $E
cols: POLICY DIRECTION LABELS (source:key[=value]) PORT/PROTO PROXY PORT AUTH TYPE BYTES PACKETS PREFIX COOKIE
cols: Allow Ingress reserved:host ANY NONE disabled - - 0 0
re: ^Allow +Ingress +k8s:app=cl +8080-8083/TCP +NONE +disabled +- +- +22 +0$
re: ^Deny +Egress +cidr:1.1.1.0/24 +ANY
$ $D bpf policy get $E -n
re: ^Allow +Ingress +1 +ANY
re: ^Deny +Egress +16777\d+ +ANY
$ kubectl exec cl -- curl -s -m 2 http://$W/
[exit 28]
$ $D endpoint config $E PolicyAuditMode=Enabled
re: ^Endpoint \d+ configuration updated successfully$
$ $D endpoint list | grep "^$E "; $D endpoint get $E -o jsonpath='{[*].status.policy.realized.policy-enabled}'
re: ^\d+ +Disabled \(Audit\) +Disabled \(Audit\) +\d+ +k8s:app=web
cols: audit-both
$ kubectl exec cl -- curl -s -m 2 -o /dev/null -w '%{http_code}\n' http://$W/; hubble observe -P --verdict AUDIT
cols: 200
re: default/cl:\d+ \(ID:\d+\) -> default/web:80 \(ID:\d+\) policy-verdict:none INGRESS AUDITED \(TCP Flags: SYN\)
$ hubble observe -P --verdict AUDIT -o json --last 1 | jq -c '[.flow.verdict, .flow.event_type.type, .flow.is_reply, .flow.drop_reason]'
cols: ["AUDIT",5,false,null]
$ $D endpoint config $E PolicyAuditMode=Disabled; kubectl exec cl -- curl -s -m 2 http://$W/
re: configuration updated successfully
[exit 28]
$ $D config PolicyAuditMode=Enabled; $D endpoint list | grep "^$E " | cut -c1-50; $D config | grep Audit
re: ^\d+ +Disabled \(Audit\)
cols: PolicyAuditMode : Enabled
$ $D config PolicyAuditMode=Disabled; $D endpoint list | grep "^$E " | cut -c1-50
re: ^\d+ +Enabled +Enabled
$ $D endpoint get 99999
[exit 1]
has: Error: Cannot get endpoint 99999: [GET /endpoint/{id}][404] getEndpointIdNotFound
$ $D identity get 1; $D identity get host
count: 2 ^1 +reserved:host$
$ $D nonsense
[exit 1]
has: Error: unknown command "nonsense" for "cilium-dbg"
$ $D monitor --type drop -n
^C after 3 s
has: Press Ctrl-C to quit
$ $D status --brief; $D encrypt status; $D node list | awk 'NR==1{print $1, $NF}'
cols: OK
cols: Encryption: Disabled
cols: Name Source
$ kubectl get cnp web -o json | jq '.metadata = {name: "bad"} | del(.status) | .spec.ingress[0].toPorts[0].ports[0].port = "65536"' | kubectl apply -f -; kubectl get cnp --no-headers | awk '{print $1, $3}'
cols: ciliumnetworkpolicy.cilium.io/bad created
cols: bad False
cols: web True
$ $D policy get | grep -c endpointSelector; kubectl exec cl -- curl -s -m 2 http://$W/
cols: 1
[exit 28]
