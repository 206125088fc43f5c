lab: playground
# LoadBalancer addresses: whose address the pod sees, who is let in, and what happens when a pool runs dry
$ kubectl create deployment web --image=nginx:alpine
$ kubectl expose deployment web --port=80 --type=LoadBalancer
$ kubectl rollout status deploy/web
$ cat <<EOF | kubectl apply -f -
> apiVersion: cilium.io/v2
> kind: CiliumLoadBalancerIPPool
> metadata: {name: small}
> spec: {blocks: [{start: 172.18.255.10, stop: 172.18.255.10}]}
> EOF
$ ssh vpn -- curl -s -o /dev/null -m 3 172.18.255.10
[exit 0]
$ kubectl logs deploy/web --tail=1
no: 172.27.224.3
$ kubectl patch svc web -p '{"spec":{"externalTrafficPolicy":"Local"}}'
$ ssh vpn -- curl -s -o /dev/null -m 3 172.18.255.10
[exit 0]
$ kubectl logs deploy/web --tail=1
re: ^172\.27\.224\.3 - -
$ kubectl patch svc web -p '{"spec":{"loadBalancerSourceRanges":["172.27.0.0/16"]}}'
$ ssh vpn -- curl -s -o /dev/null -m 3 172.18.255.10
[exit 0]
$ ssh home -- curl -s -o /dev/null -m 3 172.18.255.10
[exit 28]
$ kubectl expose deployment web --name=late --port=80 --type=LoadBalancer
$ kubectl get svc late -o jsonpath='{.status.conditions[0].reason}'
has: out_of_ips
# A node's own address as an external one takes nothing away from its node ports
$ kubectl expose deployment web --name=front --port=80 --external-ip=172.18.0.2
$ ssh vpn -- curl -s -o /dev/null -m 3 172.18.0.2
[exit 0]
$ PORT=$(kubectl get svc web -o jsonpath='{.spec.ports[0].nodePort}'); ssh vpn -- curl -s -o /dev/null -m 3 172.18.0.2:$PORT
[exit 0]
