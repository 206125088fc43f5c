lab: playground
# Cilium's ingress controller: a Service, an address, hosts and paths, and the identity that policy sees
$ kubectl -n kube-system patch cm cilium-config --type merge -p '{"data":{"enable-ingress-controller":"true"}}'
$ cat <<EOF | kubectl apply -f -
> apiVersion: networking.k8s.io/v1
> kind: IngressClass
> metadata: {name: cilium}
> spec: {controller: cilium.io/ingress-controller}
> ---
> apiVersion: cilium.io/v2
> kind: CiliumLoadBalancerIPPool
> metadata: {name: pool}
> spec: {blocks: [{cidr: 172.18.255.0/24}]}
> EOF
$ kubectl create deployment web --image=nginx:alpine
$ kubectl expose deployment web --port=80
$ kubectl create deployment api --image=traefik/whoami
$ kubectl expose deployment api --port=8080 --target-port=80
$ kubectl create ingress shop --class=cilium --rule="shop.example/*=web:80" --rule="shop.example/api*=api:8080"
has: ingress.networking.k8s.io/shop created
$ sleep 15
$ kubectl get ingress shop
re: ^shop\s+cilium\s+shop\.example\s+172\.18\.255\.0\s+80\s
$ kubectl get svc cilium-ingress-shop
re: ^cilium-ingress-shop\s+LoadBalancer\s+\S+\s+172\.18\.255\.0\s+80:\d+/TCP,443:\d+/TCP
$ ssh vpn -- "curl -s -H 'Host: shop.example' http://172.18.255.0/"
has: Welcome to nginx!
$ ssh vpn -- "curl -s -H 'Host: shop.example' http://172.18.255.0/api/x"
has: X-Forwarded-For: 172.27.224.3
$ ssh vpn -- curl -s -o /dev/null -w '%{http_code}\n' http://172.18.255.0/
cols: 404
# The pods behind it see the ingress, not the world
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumNetworkPolicy
> metadata: {name: web-world}
> spec:
>   endpointSelector: {matchLabels: {app: web}}
>   ingress: [{fromEntities: [world]}]
> EOF
$ ssh vpn -- "curl -s -o /dev/null -w '%{http_code}\n' -H 'Host: shop.example' http://172.18.255.0/"
cols: 503
$ kubectl patch cnp web-world --type merge -p '{"spec":{"ingress":[{"fromEntities":["ingress"]}]}}'
$ ssh vpn -- "curl -s -o /dev/null -w '%{http_code}\n' -H 'Host: shop.example' http://172.18.255.0/"
cols: 200
# Another Ingress has an address of its own and nothing of the first; with a certificate HTTP is sent to HTTPS
$ kubectl -n kube-system patch cm cilium-config --type merge -p '{"data":{"enforce-ingress-https":"true"}}'
$ kubectl create ingress safe --class=cilium --rule="safe.example/*=api:8080,tls=safe-cert"
$ sleep 3
$ ssh vpn -- curl -s -o /dev/null -w '%{http_code}\n' -H "'Host: shop.example'" http://172.18.255.1/
cols: 404
$ ssh vpn -- curl -s -o /dev/null -w '%{http_code}\n' -H "'Host: safe.example'" http://172.18.255.1/
cols: 200
$ ssh vpn -- curl -sk -o /dev/null https://172.18.255.1/
[exit 35]
$ echo x > tls.crt && cp tls.crt tls.key && kubectl create secret generic safe-cert --type=kubernetes.io/tls --from-file=tls.crt --from-file=tls.key
$ ssh vpn -- curl -si -H "'Host: safe.example'" http://172.18.255.1/a?b
has: HTTP/1.1 308 Permanent Redirect
has: location: https://safe.example/a?b
$ ssh vpn -- curl -sk --resolve safe.example:443:172.18.255.1 https://safe.example/a
has: X-Forwarded-Proto: https
$ kubectl delete ingress shop
$ sleep 3
$ kubectl get svc cilium-ingress-shop
[exit 1]
