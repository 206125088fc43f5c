lab: playground
seed: 14
# The host firewall: a node's own endpoint, audited first, then enforced
$ kubectl -n kube-system patch cm cilium-config --type merge -p '{"data":{"enable-host-firewall":"true"}}'; kubectl -n kube-system rollout restart ds/cilium
[exit 0]
$ kubectl -n kube-system rollout status ds/cilium; kubectl label node kind-worker node-access=ssh
cols: node/kind-worker labeled
$ P=$(kubectl -n kube-system get pod -l k8s-app=cilium --field-selector spec.nodeName=kind-worker -o name); D="kubectl -n kube-system exec $P -c cilium-agent -- cilium-dbg"; H=$($D endpoint list -o jsonpath='{[?(@.status.identity.id==1)].id}')
[exit 0]
$ $D endpoint list | grep -A 1 "^$H "; $D endpoint config $H PolicyAuditMode=Enabled
re: ^\d+ +Disabled +Disabled +1 +k8s:node-access=ssh
re: ^ +reserved:host
re: ^Endpoint \d+ configuration updated successfully$
$ kubectl apply -f - <<EOF
> apiVersion: cilium.io/v2
> kind: CiliumClusterwideNetworkPolicy
> metadata: {name: demo-host-policy}
> spec:
>   nodeSelector: {matchLabels: {node-access: ssh}}
>   ingress:
>   - fromEntities: [health]
> EOF
[exit 0]
$ $D endpoint list | grep "^$H "; $D endpoint get $H -o jsonpath='{[*].status.policy.realized.policy-enabled}'
re: ^\d+ +Disabled \(Audit\) +Disabled +1
cols: audit-ingress
$ kubectl run cl --image=curlimages/curl --overrides='{"spec":{"nodeName":"kind-control-plane"}}' --command -- sleep 9999; kubectl wait --for=condition=Ready pod/cl
[exit 0]
$ N=$(kubectl get node kind-worker -o jsonpath='{.status.addresses[0].address}'); kubectl exec cl -- curl -s -m 2 -o /dev/null -w '%{http_code}\n' http://$N:10250/
cols: 400
$ $D endpoint config $H PolicyAuditMode=Disabled; $D endpoint list | grep "^$H "; kubectl exec cl -- curl -s -m 2 http://$N:10250/
re: ^\d+ +Enabled +Disabled +1
[exit 28]
$ kubectl delete ccnp demo-host-policy; $D endpoint list | grep "^$H "; kubectl exec cl -- curl -s -m 2 -o /dev/null -w '%{http_code}\n' http://$N:10250/
re: ^\d+ +Disabled +Disabled +1
cols: 400
