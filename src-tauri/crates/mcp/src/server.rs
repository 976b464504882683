//! The MCP server: says what there is, lets the caller in, calls the tool, words the answer. Knows no business.

use std::sync::Arc;

use axum::http::request::Parts;
use epoch_host::clients::{ClientRecord, Credential};
use epoch_model::{Code, Error};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, InitializeResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    Resource, ResourceContents, ServerCapabilities, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler, ServiceExt as _};
use serde_json::{Value, json};

use crate::link::Link;
use crate::tools;

const INSTRUCTIONS: &str = "A business that improves itself. Begin with `describe`, read numbers with `query_kpi`, and put \
    forward what you would change with `propose_decision` or `propose_experiment`, with what you expect of it. A person or \
    the business's policy decides; `await_decision` tells you what came of it. You cannot approve or execute anything. Your \
    predictions are scored, and the record decides how much weight your proposals carry.";

const GUIDE: &str = include_str!("../guide.md");
const GUIDE_URI: &str = "epochcore://guide";

/// Who calls: proved by the transport, checked by the host at every request.
#[derive(Debug, Clone)]
pub struct Caller(pub Credential);

/// The server of one business.
#[derive(Clone)]
pub struct Server {
    link: Arc<Link>,
    /// Who is at the other end; over HTTP each request says it itself.
    caller: Option<Caller>,
}

impl Server {
    /// One caller at the other end.
    pub fn of(link: Arc<Link>, caller: Caller) -> Self {
        Self { link, caller: Some(caller) }
    }

    /// Each request carries its caller among its HTTP parts.
    pub(crate) fn of_requests(link: Arc<Link>) -> Self {
        Self { link, caller: None }
    }

    fn caller(&self, context: &RequestContext<RoleServer>) -> Result<Caller, Error> {
        let carried = || context.extensions.get::<Parts>().and_then(|parts| parts.extensions.get::<Caller>()).cloned();
        self.caller.clone().or_else(carried).ok_or_else(|| {
            Error::new(Code::Unauthorized, "the request does not say whose it is", "send your token as a bearer")
        })
    }

    async fn enter(&self, context: &RequestContext<RoleServer>) -> Result<ClientRecord, Error> {
        let Caller(credential) = self.caller(context)?;
        let link = Arc::clone(&self.link);
        let args = epoch_api::clients::EnterArgs { credential, count: true };
        tools::blocking(move || link.ask("enter", args)).await
    }
}

/// An error that the agent can act on: our closed code, the cause, the next step.
pub(crate) fn refusal(error: &Error) -> CallToolResult {
    if error.code == Code::Internal {
        tracing::warn!(error = %error, "a tool failed");
    }
    CallToolResult::structured_error(json!({ "code": error.code, "message": error.message, "hint": error.hint }))
}

impl ServerHandler for Server {
    fn get_info(&self) -> InitializeResult {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        InitializeResult::new(capabilities)
            .with_server_info(Implementation::new("epochcore", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = tools::Verb::named(&request.name) else {
            let message = format!("there is no such tool; there are: {}", tools::names().join(", "));
            return Err(ErrorData::invalid_params(message, None));
        };
        let client = match self.enter(&context).await {
            Ok(client) => client,
            Err(e) => return Ok(refusal(&e).into()),
        };
        let given = Value::Object(request.arguments.unwrap_or_default());
        let work = tools::run(Arc::clone(&self.link), client, tool, given);
        let answer = tokio::select! {
            answer = work => answer,
            // Nobody waits for it any more.
            () = context.ct.cancelled() => Err(Error::new(Code::WrongState, "the request was cancelled", "ask again")),
        };
        Ok(answer.map_or_else(|e| refusal(&e), CallToolResult::structured).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let guide = Resource::new(GUIDE_URI, "guide")
            .with_title("How to propose")
            .with_description("What may be proposed, what a good proposal says, how it is judged and scored")
            .with_mime_type("text/markdown");
        Ok(ListResourcesResult::with_all_items(vec![guide]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if request.uri != GUIDE_URI {
            return Err(ErrorData::resource_not_found("there is no such resource", None));
        }
        let text = ResourceContents::text(GUIDE, GUIDE_URI).with_mime_type("text/markdown");
        Ok(ReadResourceResult::new(vec![text]).into())
    }
}

/// Speaks over standard input and output until the other end closes.
pub async fn stdio(link: Arc<Link>, caller: Caller) -> Result<(), Error> {
    let failed = |what: String| Error::new(Code::Internal, what, "look at the log of `ras mcp`");
    let server = Server::of(link, caller);
    let running = match server.serve(rmcp::transport::stdio()).await {
        Ok(running) => running,
        Err(e) => return Err(failed(format!("the client did not begin as the protocol asks: {e}"))),
    };
    running.waiting().await.map(|_| ()).map_err(|e| failed(format!("the connection broke off: {e}")))
}
