// Loading this module gives the filters of flows their expressions: Hubble compiles them with Go's regexp, which is RE2.
import { RE2JS } from 're2js';
import { provideExpressions } from './expression.ts';

provideExpressions((text) => {
  const compiled = RE2JS.compile(text);
  return { finds: (candidate) => compiled.matcher(candidate).find() };
});
