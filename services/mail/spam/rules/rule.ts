import type { Evidence } from '../evidence.ts'

/** What a reason's text says beside the fixed words, by name. */
export type ReasonParameters = Record<string, string>

export interface Rule {
  /** Key of the reason's text. */
  code: string
  /** Log-odds of spam; below 0 speaks for the sender. */
  weight: number
  /** Of what it judges: only some kinds may move the mail of a sender whom the person knows. */
  kind: 'sender' | 'header' | 'link' | 'text' | 'attachment' | 'history'
  /** The reason's parameters where the rule holds. */
  find(evidence: Evidence): ReasonParameters | undefined
}

/** Long values are cut: reasons are shown in a line. */
export function quote(value: string): string {
  return value.length > 60 ? `${value.slice(0, 59)}…` : value
}

export function when(condition: boolean, parameters: ReasonParameters = {}): ReasonParameters | undefined {
  return condition ? parameters : undefined
}
