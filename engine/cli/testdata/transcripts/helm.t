lab: playground
# Mistyped lines, and what goes wrong before helm looks at a release (helm 3.19.5's words)
$ helm upgrde cilium cilium/cilium
[exit 1]
re: ^Error: unknown command "upgrde" for "helm"$
re: ^Did you mean this\?$
re: ^\tupgrade$
re: ^Run 'helm --help' for usage\.$
$ helm lst
has: lint
re: ^\tlist$
$ helm repo add cilium https://helm.cilium.io/ && helm repo update
$ helm upgrade cilium cilum/cilium -n kube-system
[exit 1]
re: ^Error: repo cilum not found$
$ helm upgrade cilium cilium/cilium -n kube-system --version 9.9.9
re: ^Error: chart "cilium" matching 9\.9\.9 not found in cilium index\. \(try 'helm repo update'\): no chart version found for cilium-9\.9\.9$
$ helm upgrade cilium cilium/cilium -n kube-system -f nowhere.yaml
re: ^Error: open nowhere\.yaml: no such file or directory$
$ helm upgrade cilium cilium/cilium -n kube-system --set debug.enabled
re: ^Error: failed parsing --set data: key "enabled" has no value$
$ helm upgrade cilium cilium/cilium
re: ^Error: UPGRADE FAILED: "cilium" has no deployed releases$
$ helm upgrade cilium cilium/cilium -n kube-system --set kubeProxyReplacement=strict
re: ^Error: UPGRADE FAILED: execution error at \(cilium/templates/
$ cilium stauts
[exit 1]
re: ^unknown command "stauts" for "cilium"$
re: ^\tstatus$
$ kind craete cluster
[exit 1]
re: ^\tcreate$
# A release of another name in a namespace that is not there
$ helm install second cilium/cilium -n nowhere
[exit 1]
re: ^Error: INSTALLATION FAILED: 
