/** Everything of a compose window below its bar. */
import { useState, useSyncExternalStore } from 'react'
import { useWords } from '#web/app/language.tsx'
import { AttachmentList } from './AttachmentList.tsx'
import classes from './compose.module.css'
import { Editor } from './Editor.tsx'
import { EditorTools } from './EditorTools.tsx'
import type { Endings } from './endings.ts'
import { QuoteFold } from './QuoteFold.tsx'
import { Recipients } from './Recipients.tsx'
import { useSending } from './sending.ts'
import { SendingQuestionDialog } from './SendingQuestionDialog.tsx'
import { WindowFoot } from './WindowFoot.tsx'
import { WindowNotes } from './WindowNotes.tsx'
import type { OpenWindow } from './windows.ts'
import { useWriting } from './writing.ts'

export interface WindowBodyProps {
  opened: OpenWindow
  endings: Endings
  problem: string | undefined
  onProblem: (problem: string | undefined) => void
}

export function WindowBody({ opened, endings, problem, onProblem }: WindowBodyProps) {
  const { keeper, focus, isRestored } = opened
  const { t } = useWords()
  const { content } = useSyncExternalStore(keeper.subscribe, keeper.view)
  const writing = useWriting(opened, onProblem)
  const sending = useSending(opened, { endings, written: writing.html, onProblem })
  const [areToolsShown, setToolsShown] = useState(true)
  const { editor, quote } = writing
  return (
    <>
      <div className={classes.scroll}>
        <Recipients
          content={content}
          hasFocus={focus === 'to' && !isRestored}
          onChange={(part) => keeper.change(part)}
        />
        <WindowNotes opened={opened} problem={problem} />
        <Editor
          html={writing.firstHtml}
          label={t('compose.text')}
          placeholder={t('compose.textHint')}
          hasFocus={focus === 'text' && !isRestored}
          onChange={writing.change}
          onFiles={writing.attach}
          onSend={() => sending.send()}
          onReady={writing.setEditor}
        />
        {quote !== null && (
          <QuoteFold quote={quote} onRemove={writing.removeQuote} onEdit={writing.takeQuote} />
        )}
      </div>
      <AttachmentList opened={opened} />
      {areToolsShown && editor && (
        <div className={classes.tools}>
          <EditorTools editor={editor} />
        </div>
      )}
      <WindowFoot
        opened={opened}
        editor={editor}
        isSending={sending.isSending}
        areToolsShown={areToolsShown}
        onTools={() => setToolsShown(!areToolsShown)}
        onFiles={(files) => writing.attach(files)}
        onSend={sending.send}
        onDiscard={endings.discard}
      />
      {sending.questions.length > 0 && (
        <SendingQuestionDialog
          questions={sending.questions}
          onSend={sending.sendAnyway}
          onClose={sending.goOnWriting}
        />
      )}
    </>
  )
}
