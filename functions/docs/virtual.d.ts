/** Made by the build, from the endpoint table: the Lambda holds the text alone (infra/build.ts, shared/contract/docs-page.ts). */
declare module "virtual:docs-page" {
  const page: string
  export default page
}

/** A page for each slug. */
declare module "virtual:problem-pages" {
  const pages: Record<string, string>
  export default pages
}
