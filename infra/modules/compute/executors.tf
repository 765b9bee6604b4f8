# How large nodes and executors are. EMR's own way (maximizeResourceAllocation) gives one job the whole cluster; several
# run here side by side, so executors are small and each job takes as many as it needs and there are.

locals {
  # All with 4 cores and 32 GB that this release of EMR knows with Graviton; and as many with Intel and AMD.
  ten = {
    arm64  = ["r7g", "r8g", "r6g", "r7gd", "r8gd", "r6gd", "r8gb", "r8gn", "i8g", "i4g"]
    x86_64 = ["r7i", "r6i", "r7a", "r6a", "r6in", "r6id", "r5", "r5a", "r5n", "r5b"]
  }
  usual      = [for family in local.ten[local.architecture] : "${family}.xlarge"]
  offered    = [for each in local.usual : each if contains(flatten(data.aws_ec2_instance_type_offerings.usual[*].instance_types), each)]
  node_types = length(var.node_types) > 0 ? var.node_types : local.offered
  main_type  = coalesce(var.main_type, try(local.offered[0], local.usual[0]))

  node      = try(regex("^([a-z])[a-z0-9-]*[.]([0-9]*)(x?)large$", local.node_types[0]), ["r", "", "x"])
  cores     = local.node[2] == "" ? 2 : 4 * coalesce(try(tonumber(local.node[1]), null), 1)
  memory_gb = coalesce(var.node_memory_gb, local.cores * lookup({ m = 4, c = 2 }, local.node[0], 8))

  # EMR gives YARN three quarters of a node. Each step has a manager of its own (1 GB) on one of them.
  executors_a_node = max(1, floor(local.cores / var.executor_cores))
  executor_mb      = floor((0.75 * 1024 * local.memory_gb - 2048) / local.executors_a_node)
  overhead_mb      = floor(local.executor_mb * var.python_share)
  nodes            = local.has_spot ? var.most_nodes : var.core_nodes

  sizes = {
    "spark.executor.cores"                     = tostring(var.executor_cores)
    "spark.executor.memory"                    = "${local.executor_mb - local.overhead_mb}m"
    "spark.executor.memoryOverhead"            = "${local.overhead_mb}m"
    "spark.dynamicAllocation.enabled"          = "true"
    "spark.dynamicAllocation.initialExecutors" = "1"
    "spark.dynamicAllocation.minExecutors"     = "1"
    "spark.dynamicAllocation.maxExecutors"     = tostring(local.executors_a_node * local.nodes)
  }

  # Below four core nodes EMR keeps one copy of a block: with one node gone, steps that staged there would fail.
  hdfs_copies = contains([2, 3], var.core_nodes) ? [2] : []
}

# A type that a region lacks would have the whole cluster refused.
data "aws_ec2_instance_type_offerings" "usual" {
  count = local.has_cluster && (length(var.node_types) == 0 || var.main_type == null) ? 1 : 0

  location_type = "region"

  filter {
    name   = "instance-type"
    values = local.usual
  }
}
