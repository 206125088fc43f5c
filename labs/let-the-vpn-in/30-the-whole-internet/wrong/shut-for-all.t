lab: let-the-vpn-in
predict: timeout@ingress, timeout@ingress, timeout@ingress
