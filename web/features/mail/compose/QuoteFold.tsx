/** What is quoted below the text: folded away, as it is with most answers. */
import { Button, Group } from '@mantine/core'
import { getSchema } from '@tiptap/react'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { useWords } from '#web/app/language.tsx'
import { SandboxedHtml } from '#web/ui/SandboxedHtml.tsx'
import classes from './compose.module.css'
import { documentOf } from './editor-content.ts'
import { editorExtensions } from './editor-extensions.ts'
import { withoutPictures } from './message-html.ts'

export interface QuoteFoldProps {
  quote: string
  onRemove: () => void
  /** As the editor can show it. */
  onEdit: (json: object) => void
}

export function QuoteFold({ quote, onRemove, onEdit }: QuoteFoldProps) {
  const { t } = useWords()
  const [isOpen, setOpen] = useState(false)
  return (
    <div className={classes.quote}>
      <Group gap="xs" mb={isOpen ? 'xs' : 0}>
        <Button
          size="compact-xs"
          variant="default"
          aria-expanded={isOpen}
          aria-label={isOpen ? t('compose.quoteHide') : t('compose.quoteShow')}
          title={isOpen ? t('compose.quoteHide') : t('compose.quoteShow')}
          onClick={() => setOpen(!isOpen)}
        >
          <Ellipsis size={14} aria-hidden />
        </Button>
        {isOpen && (
          <>
            <Button size="compact-xs" variant="default" onClick={() => onEdit(editable(quote))}>
              {t('compose.quoteEdit')}
            </Button>
            <Button size="compact-xs" variant="default" onClick={onRemove}>
              {t('compose.quoteRemove')}
            </Button>
          </>
        )}
      </Group>
      {isOpen && <SandboxedHtml html={withoutPictures(quote)} title={t('compose.quote')} />}
    </div>
  )
}

function editable(quote: string): object {
  const schema = getSchema(editorExtensions(''))
  return documentOf(schema, quote).content.toJSON() as object
}
