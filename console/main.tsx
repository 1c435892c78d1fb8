import { I18nProvider } from "@cloudscape-design/components/i18n"
import messages from "@cloudscape-design/components/i18n/messages/all.en"
import { QueryClientProvider } from "@tanstack/react-query"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { BrowserRouter } from "react-router"
import * as z from "zod/mini"
import { createQueryClient } from "./api/queries.ts"
import { App } from "./app.tsx"
import { type Configuration, readConfiguration } from "./configuration.ts"
import "./console.css"
import { showColorMode } from "./frame/color-mode.ts"
import { ProblemAlert } from "./frame/problem-alert.tsx"
import { ApiUrlContext } from "./session/api-url.ts"
import { createIssuer } from "./session/issuer.ts"
import { createSession } from "./session/session.ts"
import { SignedIn } from "./session/signed-in.tsx"
import { SessionContext } from "./session/use-session.ts"

// Or it would try whether it may compile its parsers, which the policy of the console refuses and reports.
z.config({ jitless: true })
showColorMode()

const root = createRoot(document.getElementById("root") as HTMLElement)
try {
  await start(await readConfiguration())
} catch (error) {
  // Without its configuration there is no console: told, since a white page is not.
  root.render(
    <main className="entrance">
      <ProblemAlert error={error} header="The console could not be started" />
    </main>,
  )
}

async function start(configuration: Configuration): Promise<void> {
  const session = createSession(configuration.apiUrl, createIssuer(configuration))
  root.render(
    <StrictMode>
      <I18nProvider locale="en" messages={[messages]}>
        <ApiUrlContext value={configuration.callersUrl}>
          <SessionContext value={session}>
            <QueryClientProvider client={createQueryClient()}>
              <SignedIn>
                {/* Below it: after a sign-in the address is another one than the page was loaded with. */}
                <BrowserRouter>
                  <App />
                </BrowserRouter>
              </SignedIn>
            </QueryClientProvider>
          </SessionContext>
        </ApiUrlContext>
      </I18nProvider>
    </StrictMode>,
  )
  await session.start()
}
