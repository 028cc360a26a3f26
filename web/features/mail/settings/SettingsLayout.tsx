/** The pages of the mail's settings, and the way from one to the next. */
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useWords } from '#web/app/language.tsx'
import { mailSettings } from './sections.ts'
import classes from './settings.module.css'

export function SettingsLayout() {
  const { t } = useWords()
  const pages = useRef<HTMLElement>(null)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  useEffect(() => {
    // There is no room for all of them on a phone.
    const current = pages.current?.querySelector('[aria-current]')
    current?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [path])
  return (
    <>
      <nav ref={pages} aria-label={t('mailSettings.title')} className={classes.pages}>
        {mailSettings.map(({ to, label, icon: Icon }) => (
          <Link key={label} to={to} className={classes.page!} activeProps={{ 'aria-current': 'page' }}>
            <Icon size={16} strokeWidth={1.75} aria-hidden />
            {t(label)}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  )
}
