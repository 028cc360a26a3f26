/** A message of plain text. */
import { useMemo } from 'react'
import { useWords } from '#web/app/language.tsx'
import { linkified, textBlocks, type TextBlock } from './text-blocks.ts'
import classes from './message.module.css'

export interface TextBodyProps {
  text: string
  onMailTo: (address: string) => void
  /** On paper nothing is folded. */
  isOpen?: boolean
}

export function TextBody({ text, onMailTo, isOpen = false }: TextBodyProps) {
  const { t } = useWords()
  const { blocks, foldAt } = useMemo(() => textBlocks(text), [text])
  const shown = (from: number, to?: number) =>
    blocks.slice(from, to).map((block, at) => <Block key={from + at} block={block} onMailTo={onMailTo} />)
  return (
    <div className={classes.text}>
      {shown(0, foldAt)}
      {foldAt < blocks.length && (
        <details className={classes.fold} open={isOpen}>
          <summary aria-label={t('mail.quote')} title={t('mail.quote')}>
            •••
          </summary>
          {shown(foldAt)}
        </details>
      )}
    </div>
  )
}

function Block({
  block: { depth, text },
  onMailTo,
}: {
  block: TextBlock
  onMailTo: (address: string) => void
}) {
  const pieces = useMemo(() => linkified(text), [text])
  return (
    <div className={depth > 0 ? classes.quoted : undefined} data-depth={Math.min(depth, 4)} dir="auto">
      {pieces.map(({ text, href }, at) => {
        if (!href) return text
        const isMail = href.startsWith('mailto:')
        return (
          <a
            key={at}
            href={href}
            target="_blank"
            rel="noopener noreferrer nofollow"
            onClick={(event) => {
              if (!isMail) return
              event.preventDefault()
              onMailTo(href.slice('mailto:'.length))
            }}
          >
            {text}
          </a>
        )
      })}
    </div>
  )
}
