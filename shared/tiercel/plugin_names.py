"""The table of plugins: canonical type name to `module:Class`, and the older names that must keep working."""

from __future__ import annotations

_CORE = "io.kestra.plugin.core."
_OLD = "io.kestra.core.tasks."


def _family(prefix: str, module: str, names: str) -> dict[str, str]:
    """Return the table's rows for classes of one module."""
    return {f"{prefix}{name}": f"{module}:{name}" for name in names.split()}


_TASKS = "tiercel.tasks.core."
_SERDES = "io.kestra.plugin.serdes."

PLUGINS: dict[str, str] = {
    **_family(
        f"{_CORE}flow.",
        "tiercel.flowables.core",
        "AllowFailure Dag EachParallel EachSequential ForEach If LoopUntil Parallel Sequential Switch",
    ),
    **_family(f"{_CORE}flow.", "tiercel.flowables.execution", "Pause Subflow"),
    **_family(f"{_CORE}flow.", "tiercel.flowables.foreachitem", "ForEachItem"),
    **_family(f"{_CORE}flow.", "tiercel.flowables.loop", "Loop"),
    **_family(f"{_CORE}flow.", f"{_TASKS}flow", "Sleep"),
    **_family(f"{_CORE}flow.", "tiercel.tasks.workingdirectory", "WorkingDirectory"),
    **_family(f"{_CORE}log.", f"{_TASKS}log", "Log"),
    **_family(f"{_CORE}log.", f"{_TASKS}logs", "Fetch PurgeLogs"),
    **_family(f"{_CORE}debug.", f"{_TASKS}debug", "Return Echo"),
    **_family(f"{_CORE}output.", f"{_TASKS}output", "OutputValues"),
    **_family(f"{_CORE}execution.", f"{_TASKS}execution", "Fail Assert"),
    **_family(f"{_CORE}execution.", f"{_TASKS}executions", "Resume Count PurgeExecutions"),
    **_family(f"{_CORE}templating.", f"{_TASKS}templating", "TemplatedTask"),
    **_family(f"{_CORE}execution.", "tiercel.flowables.execution", "Labels SetVariables UnsetVariables Exit Kill"),
    **_family(f"{_CORE}metric.", f"{_TASKS}metric", "Publish"),
    **_family(
        f"{_CORE}storage.",
        f"{_TASKS}storage",
        "Concat Delete Size Split Reverse Write LocalFiles PurgeCurrentExecutionFiles",
    ),
    **_family(f"{_CORE}storage.", f"{_TASKS}items", "DeduplicateItems FilterItems"),
    **_family(f"{_CORE}kv.", f"{_TASKS}kv", "Set Get Delete GetKeys PurgeKV"),
    **_family(f"{_CORE}state.", f"{_TASKS}state", "Set Get Delete"),
    **_family(f"{_CORE}namespace.", f"{_TASKS}namespace", "UploadFiles DownloadFiles DeleteFiles PurgeFiles"),
    **_family(f"{_CORE}http.", "tiercel.tasks.http.request", "Request"),
    **_family(f"{_CORE}http.", "tiercel.tasks.http.download", "Download"),
    **_family(f"{_CORE}http.", "tiercel.tasks.http.sse", "SseRequest"),
    **{
        f"io.kestra.plugin.scripts.{language.lower()}.{kind}": f"tiercel.tasks.scripts.languages:{language}{kind}"
        for language in [
            "Node",
            "R",
            "Julia",
            "Ruby",
            "Powershell",
            "Go",
            "Perl",
            "Php",
            "Lua",
            "Deno",
            "Bun",
            "Dotnet",
            "Jbang",
            "Groovy",
        ]
        for kind in ("Script", "Commands")
    },
    **_family("io.kestra.plugin.scripts.shell.", "tiercel.tasks.scripts.shell", "Script Commands"),
    **_family("io.kestra.plugin.scripts.python.", "tiercel.tasks.scripts.python", "Script Commands"),
    **{
        f"io.kestra.plugin.{package}.{name}": f"tiercel.tasks.scripts.wrappers:{name}"
        for package, name in {
            "terraform.cli": "TerraformCLI",
            "aws.cli": "AwsCLI",
            "modal.cli": "ModalCLI",
            "cloudquery": "CloudQueryCLI",
            "sqlmesh.cli": "SQLMeshCLI",
        }.items()
    },
    **_family(f"{_CORE}runner.", "tiercel.tasks.scripts.runners", "Process"),
    **{
        f"io.kestra.plugin.{runner}": "tiercel.tasks.scripts.runners:RemoteRunner"
        for runner in (
            "ee.gcp.runner.CloudRun",
            "ee.gcp.runner.Batch",
            "ee.aws.runner.Batch",
            "ee.aws.runner.Ec2",
            "ee.azure.runner.Batch",
            "ee.kubernetes.runner.Kubernetes",
            "cloud.runner.Cloud",
        )
    },
    **_family("io.kestra.plugin.scripts.runner.docker.", "tiercel.tasks.scripts.runners", "Docker"),
    **_family("io.kestra.plugin.jdbc.postgresql.", "tiercel.tasks.jdbc.postgresql", "Query Queries Batch"),
    **_family("io.kestra.plugin.jdbc.postgresql.", "tiercel.tasks.jdbc.postgresql_copy", "CopyIn CopyOut"),
    **_family("io.kestra.plugin.jdbc.duckdb.", "tiercel.tasks.jdbc.duckdb", "Query Queries"),
    **_family("io.kestra.plugin.jdbc.sqlite.", "tiercel.tasks.jdbc.sqlite", "Query Queries Batch"),
    **_family(f"{_SERDES}csv.", "tiercel.tasks.serdes.csv_reading", "CsvToIon"),
    **_family(f"{_SERDES}csv.", "tiercel.tasks.serdes.csv_writing", "IonToCsv"),
    **_family(f"{_SERDES}excel.", "tiercel.tasks.serdes.excel_reading", "ExcelToIon"),
    **_family(f"{_SERDES}excel.", "tiercel.tasks.serdes.excel_writing", "IonToExcel"),
    **_family(f"{_SERDES}avro.", "tiercel.tasks.serdes.avro", "AvroToIon IonToAvro InferAvroSchemaFromIon"),
    **_family(f"{_SERDES}parquet.", "tiercel.tasks.serdes.parquet", "ParquetToIon IonToParquet"),
    **_family(f"{_SERDES}yaml.", "tiercel.tasks.serdes.yaml", "YamlToIon IonToYaml YamlToJson JsonToYaml"),
    **_family(f"{_SERDES}xml.", "tiercel.tasks.serdes.xml", "XmlToIon IonToXml"),
    **_family(f"{_SERDES}json.", "tiercel.tasks.serdes.json", "JsonToIon IonToJson JsonToJsonl"),
    **_family(f"{_CORE}trigger.", f"{_TASKS}trigger", "Toggle"),
    **{
        f"io.kestra.plugin.{package}.{name}": f"tiercel.tasks.notifications.webhooks:{name}"
        for package, name in {
            "slack.notifications": "SlackIncomingWebhook",
            "discord": "DiscordIncomingWebhook",
            "microsoft365.teams": "TeamsIncomingWebhook",
            "googleworkspace.chat": "GoogleChatIncomingWebhook",
            "telegram": "TelegramSend",
            "pagerduty": "PagerDutyAlert",
            "opsgenie": "OpsgenieAlert",
            "zenduty": "ZendutyAlert",
            "zulip": "ZulipIncomingWebhook",
            "tencent.qq": "QQIncomingWebhook",
        }.items()
    },
    **{
        f"io.kestra.plugin.{package}.{name}": f"tiercel.tasks.notifications.executions:{name}"
        for package, name in {
            "slack.notifications": "SlackExecution",
            "discord": "DiscordExecution",
            "microsoft365.teams": "TeamsExecution",
            "googleworkspace.chat": "GoogleChatExecution",
            "telegram": "TelegramExecution",
        }.items()
    },
    **_family("io.kestra.plugin.email.", "tiercel.tasks.notifications.mail", "MailSend"),
    **_family("io.kestra.plugin.email.", "tiercel.tasks.notifications.mail_execution", "MailExecution"),
    **_family("io.kestra.plugin.compress.", "tiercel.tasks.compress.archives", "ArchiveCompress ArchiveDecompress"),
    **_family("io.kestra.plugin.git.", "tiercel.tasks.git.clone", "Clone"),
    **_family("io.kestra.plugin.git.", "tiercel.tasks.git.sync", "SyncFlows SyncFlow SyncNamespaceFiles"),
    **_family("io.kestra.plugin.compress.", "tiercel.tasks.compress.files", "FileCompress FileDecompress"),
    **_family(f"{_CORE}trigger.", "tiercel.triggers.schedule", "Schedule ScheduleOnDates"),
    **_family(f"{_CORE}trigger.", "tiercel.triggers.webhook", "Webhook"),
    **_family(f"{_CORE}trigger.", "tiercel.triggers.flow", "Flow"),
    f"{_CORE}http.Trigger": "tiercel.tasks.http.trigger:Trigger",
    **{
        f"io.kestra.plugin.jdbc.{name}.Trigger": f"tiercel.tasks.jdbc.{name}:Trigger"
        for name in ("postgresql", "duckdb", "sqlite")
    },
    "io.kestra.plugin.gcp.gcs.Trigger": "tiercel.triggers.gcs:ObjectTrigger",
    **_family("io.kestra.plugin.gcp.pubsub.", "tiercel.triggers.pubsub", "Trigger RealtimeTrigger"),
    **_family(
        f"{_CORE}condition.",
        "tiercel.triggers.conditions_dates",
        "DateTimeBetween TimeBetween DayWeek DayWeekInMonth Weekend PublicHoliday",
    ),
    **_family(
        f"{_CORE}condition.",
        "tiercel.triggers.conditions_executions",
        "ExecutionFlow ExecutionNamespace ExecutionStatus ExecutionLabels ExecutionOutputs HasRetryAttempt",
    ),
    **_family(
        f"{_CORE}condition.",
        "tiercel.triggers.conditions_logic",
        "Expression FlowCondition FlowNamespaceCondition MultipleCondition Not Or",
    ),
}

_ITEM = f"{_CORE}flow.ForEachItem$"

PARTS: dict[str, str] = {
    **_family(_ITEM, "tiercel.flowables.foreachitem", "ForEachItemExecutable ForEachItemBatch"),
    **_family(_ITEM, f"{_TASKS}foreachitem", "ForEachItemSplit ForEachItemMergeOutputs"),
    **_family(f"{_CORE}flow.Loop$", f"{_TASKS}loop", "LoopIteration LoopOutputs"),
}
"""Types that no author writes: the parts of which other tasks are made."""

ALIASES: dict[str, str] = {
    f"{_CORE}flow.WaitFor": f"{_CORE}flow.LoopUntil",
    f"{_OLD}flows.Flow": f"{_CORE}flow.Subflow",
    f"{_OLD}flows.Worker": f"{_CORE}flow.WorkingDirectory",
    f"{_OLD}executions.Counts": f"{_CORE}execution.Count",
    f"{_OLD}storages.Purge": f"{_CORE}execution.PurgeExecutions",
    f"{_CORE}storage.Purge": f"{_CORE}execution.PurgeExecutions",
    f"{_OLD}storages.PurgeExecution": f"{_CORE}storage.PurgeCurrentExecutionFiles",
    f"{_CORE}condition.ExecutionsCondition": f"{_CORE}condition.MultipleCondition",
    f"{_CORE}condition.VariableCondition": f"{_CORE}condition.Expression",
    "io.kestra.core.models.conditions.types.VariableCondition": f"{_CORE}condition.Expression",
    "io.kestra.core.models.tasks.runners.types.ProcessTaskRunner": f"{_CORE}runner.Process",
    "io.kestra.core.models.tasks.runners.ProcessTaskRunner": f"{_CORE}runner.Process",
    **{
        f"io.kestra.plugin.{old}": f"io.kestra.plugin.{new}"
        for old, new in {
            "core.runner.ProcessTaskRunner": "core.runner.Process",
            "scripts.runner.docker.DockerTaskRunner": "scripts.runner.docker.Docker",
            "gcp.runner.CloudRun": "ee.gcp.runner.CloudRun",
            "gcp.runner.GcpCloudRunTaskRunner": "ee.gcp.runner.CloudRun",
            "gcp.runner.Batch": "ee.gcp.runner.Batch",
            "gcp.runner.GcpBatchTaskRunner": "ee.gcp.runner.Batch",
            "gcp.runner.GcpBatchScriptRunner": "ee.gcp.runner.Batch",
            "aws.runner.Batch": "ee.aws.runner.Batch",
            "aws.runner.AwsBatchTaskRunner": "ee.aws.runner.Batch",
            "azure.runner.Batch": "ee.azure.runner.Batch",
            "azure.runner.AzureBatchTaskRunner": "ee.azure.runner.Batch",
            "kubernetes.runner.Kubernetes": "ee.kubernetes.runner.Kubernetes",
            "kubernetes.runner.KubernetesTaskRunner": "ee.kubernetes.runner.Kubernetes",
            "slack.SlackIncomingWebhook": "slack.notifications.SlackIncomingWebhook",
            "slack.SlackExecution": "slack.notifications.SlackExecution",
            "serdes.avro.AvroReader": "serdes.avro.AvroToIon",
            "serdes.avro.AvroWriter": "serdes.avro.IonToAvro",
            "serdes.parquet.ParquetReader": "serdes.parquet.ParquetToIon",
            "serdes.parquet.ParquetWriter": "serdes.parquet.IonToParquet",
            "serdes.excel.ExcelReader": "serdes.excel.ExcelToIon",
            "serdes.excel.ExcelWriter": "serdes.excel.IonToExcel",
            "serdes.xml.XmlReader": "serdes.xml.XmlToIon",
            "serdes.xml.XmlWriter": "serdes.xml.IonToXml",
            "serdes.csv.CsvReader": "serdes.csv.CsvToIon",
            "serdes.csv.CsvWriter": "serdes.csv.IonToCsv",
            "serdes.json.JsonReader": "serdes.json.JsonToIon",
            "serdes.json.JsonWriter": "serdes.json.IonToJson",
        }.items()
    },
}

PREFIXES: dict[str, str] = {
    f"{_OLD}flows.": f"{_CORE}flow.",
    f"{_OLD}debugs.": f"{_CORE}debug.",
    f"{_OLD}log.": f"{_CORE}log.",
    f"{_OLD}executions.": f"{_CORE}execution.",
    f"{_OLD}storages.": f"{_CORE}storage.",
    f"{_OLD}states.": f"{_CORE}state.",
    f"{_OLD}templating.": f"{_CORE}templating.",
    f"{_OLD}trigger.": f"{_CORE}trigger.",
    "io.kestra.core.models.triggers.types.": f"{_CORE}trigger.",
    "io.kestra.core.models.conditions.types.": f"{_CORE}condition.",
    "io.kestra.plugin.fs.http.": f"{_CORE}http.",
    **{
        f"io.kestra.plugin.notifications.{old}": f"io.kestra.plugin.{new}"
        for old, new in {
            "slack.": "slack.notifications.",
            "teams.": "microsoft365.teams.",
            "google.": "googleworkspace.chat.",
            "mail.": "email.",
            "": "",  # the others kept their names; the last one, since all begin so
        }.items()
    },
}
"""Old prefixes, each with the one that took its place."""

UNSUPPORTED: dict[str, str] = {
    f"{_CORE}flow.Template": (
        "templates are not supported: put the template's tasks into a flow of their own, with its args as inputs, and "
        f"call it with {_CORE}flow.Subflow"
    ),
}
"""Types that are known and do not run here, each with the remedy."""

DEPRECATED: frozenset[str] = frozenset(
    {f"{_CORE}flow.EachSequential", f"{_CORE}flow.EachParallel", f"{_CORE}debug.Echo"}
)
"""Types that still run and ask to be replaced."""
