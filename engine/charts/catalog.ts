import type { Chart } from './chart.ts';
import { ciliumChartObjects } from './cilium-objects.ts';
import { ciliumFailure, ciliumNotes, isAtLeast, schemaFaults } from './cilium-rules.ts';
import { CILIUM_VALUES } from './cilium-values.ts';

const CILIUM: Chart = {
  name: 'cilium',
  about: {
    home: 'https://cilium.io/',
    keywords: ['BPF', 'eBPF', 'Kubernetes', 'Networking', 'Security', 'Observability', 'Troubleshooting'],
    kubeVersion: '>= 1.21.0-0',
    sources: ['https://github.com/cilium/cilium'],
  },
  defaults: CILIUM_VALUES,
  faults: (values, facts) => (isAtLeast(facts.version, '1.16') ? schemaFaults(values, CILIUM_VALUES) : []),
  check: ciliumFailure,
  objects: ciliumChartObjects,
  notes: ciliumNotes,
};

/** The chart of a name, as an archive of the virtual internet says; undefined when there is none. */
export function chartNamed(name: string): Chart | undefined {
  return name === CILIUM.name ? CILIUM : undefined;
}
