lab: playground
seed: 44
# Input that is too long, too deep, or that never ends: a message, and the session goes on
$ yes 0123456789 > big.txt
[exit 1]
has: yes: write error: File too large
$ echo nothing lost; wc -c < big.txt
has: nothing lost
$ :() { : | : & }; : ; sleep 1
^C after 5 s
$ echo still here
cols: still here
$ printf 'a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n' > bomb.yaml; yq .c bomb.yaml
[exit 1]
has: document contains excessive aliasing
$ printf 'kind: CiliumNetworkPolicy\nmetadata:\nname: x\nspec:\nendpointSelector:\n' | kubectl apply -f -
[exit 1]
has: apiVersion not set
$ printf '\000\001\002\177ELF' > program; kubectl apply -f program
[exit 1]
has: error: error parsing program: error converting YAML to JSON: yaml: control characters are not allowed
$ kubectl apply -f /dev/stdin <<< '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"constructor":"1"}}'
has: configmap/c created
$ kubectl create configmap d --from-literal=__proto__=1 --dry-run=client -o yaml
has: __proto__: "1"
$ declare -A m; m[__proto__]=1; m[constructor]=2; echo "${!m[@]} ${m[toString]}"
cols: __proto__ constructor
$ x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; echo "$x" | grep -E '(a+)+b'; echo "$x" | sed -E 's/(a*)*b/x/'; echo "\"$x\"" | jq 'test("(a+)+b")'
cols: false
$ printf '\033[2J\033]0;evil\007' > evil; cat -v evil
has: ^[[2J^[]0;evil^G
