import { Button } from '@mantine/core'
import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { useWords } from '#web/app/language.tsx'

export function CopyButton({ text }: { text: string }) {
  const { t } = useWords()
  const [isCopied, setCopied] = useState(false)
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2000)
  }
  // Pages of plain HTTP have no clipboard.
  if (!('clipboard' in navigator)) return null
  return (
    <Button
      variant="default"
      leftSection={isCopied ? <Check size={16} /> : <Copy size={16} />}
      onClick={() => void copy()}
      aria-live="polite"
    >
      {isCopied ? t('action.copied') : t('action.copy')}
    </Button>
  )
}
