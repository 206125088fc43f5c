import { expect, it } from 'vitest';
import { runProgram, testMachine } from '../../../shell/testing/world.ts';
import { awk } from './awk.ts';

const DATA = 'b 2\na 10\nc 3\na 1\n';

it.each([
  ['{print $1}', 'b\na\nc\na\n'],
  ['{s+=$2} END{print s, NR}', '16 4\n'],
  ['NR==2', 'a 10\n'],
  ['/a/ && $2 > 5 {print $2 "!"}', '10!\n'],
  ['{n[$1]++} END{for (k in n) print k, n[k]}', 'b 1\na 2\nc 1\n'],
  ['{printf "%-3s|%5.1f\\n", $1, $2}', 'b  |  2.0\na  | 10.0\nc  |  3.0\na  |  1.0\n'],
  [
    'BEGIN{x="a,b,c"; n=split(x, p, ","); print n, p[2], length(x), substr(x,3,1), toupper(x), index(x,"c")}',
    '3 b 5 b A,B,C 5\n',
  ],
  ['NR==1{gsub(/b/,"[&]"); print; sub("2","x",$2); print $0, NF}', '[b] 2\n[b] x 2\n'],
  ['NR>1 && NR<4 {if ($2 % 2) print $1, "odd"; else print $1, "even"}', 'a even\nc odd\n'],
  [
    'BEGIN{for(i=0;i<3;i++){if(i==1)continue; printf i " "}; print ""; while(i-->0) s=s i; print s}',
    '0 2 \n210\n',
  ],
  ['function f(x){return x*2} {print f($2); exit}', '4\n'],
  ['NR==2,NR==3', 'a 10\nc 3\n'],
  ['BEGIN{print 1/4, 1e6, 0.1+0.2, match("foobar","o+"), RSTART, RLENGTH}', '0.25 1000000 0.3 2 2 2\n'],
  ['$1 ~ /^a$/ {print $NF}', '10\n1\n'],
  ['BEGIN{OFS="-"} NR==1{$1=$1; print}', 'b-2\n'],
  ['!seen[$1]++', 'b 2\na 10\nc 3\n'],
  ['BEGIN { print (1 > 2) ? "y" : "n"; print -2^2, 5 " " 6; x = "A"; print x == "A" }', 'n\n-4 5 6\n1\n'],
])('%s', async (program, expected) => {
  const ran = await runProgram(testMachine(new Map()), ['awk', program], { stdin: DATA, program: awk });
  expect(ran.stdout + ran.stderr).toBe(expected);
});
