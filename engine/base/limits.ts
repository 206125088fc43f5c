/**
 * Every bound of the engine, each with its unit and its reason. Reaching one is a message to the learner, never a hang.
 * The journal's limits are the verifier's too (DESIGN.md, Security).
 */
export const LIMITS = {
  /** Characters of one journalled input that is not a file: a pasted heredoc fits, a dump does not. */
  inputCharactersMax: 65_536,
  /** Characters of one saved file. */
  fileCharactersMax: 1_048_576,
  /** Entries of one journal. */
  journalEntriesMax: 20_000,
  /** Characters of one journal as JSON. */
  journalCharactersMax: 8_388_608,
  /** Scheduler steps of one replay. */
  schedulerStepsMax: 2_000_000,
  /** Files of one virtual machine. */
  filesMax: 10_000,
  /** Lines that a terminal keeps of one command's output before it stops collecting. */
  outputCharactersMax: 4_194_304,
  /** Documents of one YAML stream, and expanded alias nodes of one document. */
  yamlDocumentsMax: 1_000,
  yamlAliasesMax: 100,
  /** Processes of one virtual machine at once; more would be a fork bomb. */
  processesMax: 200,
  /** Nested calls of shell functions, `$( )` and `eval`. */
  shellDepthMax: 100,
  /** Flows that one node's Hubble ring keeps (Cilium's default of 4,095). */
  hubbleFlowsMax: 4_095,
  /** Containers of kind's nodes; a real machine is out of inotify instances by then. */
  nodeContainersMax: 20,
  /** Pods of one virtual cluster. */
  podsMax: 2_000,
} as const;
