lab: playground
# Probes that look at files, scripts that write them, and what Services make of it
$ kubectl run flaky --image=busybox:1.36 --labels=app=flaky --command -- sh -c 'while true; do sleep 3600; done'
$ cat <<EOF | kubectl apply -f -
> apiVersion: v1
> kind: Pod
> metadata:
>   name: page
>   labels: {app: page}
> spec:
>   containers:
>   - name: nginx
>     image: nginx:1.27-alpine
>     ports: [{name: web, containerPort: 80}]
>     readinessProbe: {httpGet: {path: /ready.html, port: web}, periodSeconds: 2, failureThreshold: 1}
>     volumeMounts: [{name: html, mountPath: /usr/share/nginx/html}]
>   - name: writer
>     image: busybox:1.36
>     command: [sh, -c, 'while true; do date > /html/index.html; sleep 5; done']
>     volumeMounts: [{name: html, mountPath: /html}]
>   volumes: [{name: html, emptyDir: {}}]
> ---
> apiVersion: v1
> kind: Service
> metadata: {name: page}
> spec:
>   selector: {app: page}
>   ports: [{name: http, port: 8080, targetPort: web}]
> EOF
has: pod/page created
$ sleep 15
$ kubectl get pod page
re: ^page\s+1/2\s+Running\s
$ kubectl get endpoints page
re: ^page\s+\s
no: :80
$ kubectl describe pod page
re: Warning\s+Unhealthy\s.*Readiness probe failed: HTTP probe failed with statuscode: 404
$ kubectl exec page -c nginx -- sh -c 'echo ok > /usr/share/nginx/html/ready.html'
$ sleep 5
$ kubectl get pod page
re: ^page\s+2/2\s+Running\s
$ kubectl exec flaky -- wget -qO- http://page:8080/ready.html
cols: ok
$ kubectl exec page -c nginx -- rm /usr/share/nginx/html/ready.html
$ sleep 5
$ kubectl get pod page
re: ^page\s+1/2\s+Running\s
# A container that crashes, with what it said before
$ kubectl run crash --image=busybox:1.36 -- sh -c 'echo starting; wget -q -T 2 -O- http://nosuch-service || exit 3'
$ sleep 40
$ kubectl get pod crash
re: ^crash\s+0/1\s+(CrashLoopBackOff|Error)\s+[123]
$ kubectl logs crash --previous
has: starting
has: wget: bad address 'nosuch-service'
$ kubectl get pod crash -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}'
cols: 3
# An image that asks for a password, and one that nobody has
$ kubectl create deployment db --image=postgres:16
$ kubectl create deployment typo --image=ngnix:latest
$ sleep 30
$ kubectl logs deploy/db
has: You must specify POSTGRES_PASSWORD to a non-empty value
$ kubectl get pods -l app=typo
re: ImagePullBackOff|ErrImagePull
# A Job by the network's word
$ kubectl create job check --image=curlimages/curl:8.7.1 -- curl -sf -m 3 http://page:8080/
$ sleep 8
$ kubectl wait --for=condition=failed job/check --timeout=5s
[exit 1]
