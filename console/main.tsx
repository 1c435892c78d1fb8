import { I18nProvider } from "@cloudscape-design/components/i18n"
import messages from "@cloudscape-design/components/i18n/messages/all.en"
import { QueryClientProvider } from "@tanstack/react-query"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { BrowserRouter } from "react-router"
import * as z from "zod/mini"
import { createQueryClient } from "./api/queries.ts"
import { App } from "./app.tsx"
import { readConfiguration } from "./configuration.ts"
import "./console.css"
import { showColorMode } from "./frame/color-mode.ts"
import { ApiUrlContext } from "./session/api-url.ts"
import { createIssuer } from "./session/issuer.ts"
import { createSession } from "./session/session.ts"
import { SignedIn } from "./session/signed-in.tsx"
import { SessionContext } from "./session/use-session.ts"

// Or it would try whether it may compile its parsers, which the policy of the console refuses and reports.
z.config({ jitless: true })
showColorMode()

const configuration = await readConfiguration()
const session = createSession(configuration.apiUrl, createIssuer(configuration))

createRoot(document.getElementById("root") as HTMLElement).render(
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
