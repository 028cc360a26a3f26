import type { CallDefinition } from '#contracts/contract.ts'
import { timings, type Recorder } from '#platform/timings.ts'

const calls = timings<'service' | 'call'>(
  'dakghar_call',
  { total: 'Calls answered by this process.', seconds: 'Time to answer a call.' },
  'code',
)
const recorders = new WeakMap<CallDefinition, Recorder>()

/** Records how a call ended, with an error code or `ok`. */
export function callRecorder(definition: CallDefinition): Recorder {
  let recorder = recorders.get(definition)
  if (!recorder) {
    const { service, name } = definition
    recorders.set(definition, (recorder = calls.of({ service, call: name })))
  }
  return recorder
}
