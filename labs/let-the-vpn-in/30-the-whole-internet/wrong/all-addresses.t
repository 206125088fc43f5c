lab: let-the-vpn-in
predict: ok, ok, timeout@ingress
