lab: let-the-vpn-in
$ ssh vpn -- curl -s -m 3 http://database/PING
[exit 6]
