lab: playground
seed: 45
# Manifests of the virtual internet, and a port-forward on every address
$ kubectl create ns galaxy && kubectl create -n galaxy -f https://raw.githubusercontent.com/cilium/cilium/v1.2.2/examples/minikube/http-sw-app.yaml
has: deployment.apps/deathstar created
$ kubectl apply -f https://run.linkerd.io/emojivoto.yml
count: 11 created$
$ kubectl create -f https://raw.githubusercontent.com/cilium/cilium/v1.2/examples/kubernetes/addons/prometheus/prometheus.yaml
[exit 1]
has: service/prometheus created
has: no matches for kind "Deployment" in version "extensions/v1beta1"
$ kubectl wait -n galaxy --for=condition=ready pod --all --timeout=120s && kubectl wait -n emojivoto --for=condition=available deploy --all --timeout=120s
[exit 0]
$ kubectl -n galaxy port-forward svc/deathstar --address 0.0.0.0 --address :: 8080:80 &
has: Forwarding from 0.0.0.0:8080 -> 80
has: Forwarding from [::]:8080 -> 80
$ sleep 1; curl -s -X POST localhost:8080/v1/request-landing
has: Ship landed
$ kill %1; sleep 1; curl -s localhost:8080
[exit 7]
