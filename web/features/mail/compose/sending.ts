/** Sending from a compose window: what is wrong is said and what may be forgotten is asked about first. */
import { useState } from 'react'
import { useWords } from '#web/app/language.tsx'
import { failureText } from '#web/ui/failure.ts'
import type { Endings } from './endings.ts'
import { faultOf, questionsOf, type SendingQuestion } from './sending-checks.ts'
import type { OpenWindow } from './windows.ts'

export interface Sending {
  send(sendAt?: Date): void
  isSending: boolean
  /** To be answered before it goes; none where there is nothing to ask. */
  questions: readonly SendingQuestion[]
  sendAnyway(): void
  goOnWriting(): void
}

export interface SendingOptions {
  endings: Endings
  /** What is written, without what is quoted. */
  written: () => string
  onProblem: (problem: string | undefined) => void
}

const none = { questions: [] as SendingQuestion[], sendAt: undefined as Date | undefined }

export function useSending(
  { keeper, uploads }: OpenWindow,
  { endings, written, onProblem }: SendingOptions,
): Sending {
  const words = useWords()
  const [asked, setAsked] = useState(none)
  const [isSending, setSending] = useState(false)

  function send(sendAt?: Date): void {
    if (isSending) return
    keeper.settle()
    const { content } = keeper.view()
    const fault = faultOf(content, uploads.view())
    if (fault !== undefined) return onProblem(words.t(fault))
    const questions = questionsOf(content, written(), uploads.view())
    if (questions.length > 0) setAsked({ questions, sendAt })
    else start(sendAt)
  }
  function start(sendAt: Date | undefined): void {
    setAsked(none)
    onProblem(undefined)
    setSending(true)
    endings
      .send(sendAt)
      .catch((error: unknown) => onProblem(failureText(words, error)))
      .finally(() => setSending(false))
  }
  return {
    send,
    isSending,
    questions: asked.questions,
    sendAnyway: () => start(asked.sendAt),
    goOnWriting: () => setAsked(none),
  }
}
