lab: let-the-vpn-in
predict: ok, timeout@ingress, timeout@ingress
