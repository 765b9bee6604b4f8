# Who may speak to brokers, says whoever lets somebody in, by rules of their own.

resource "aws_default_security_group" "this" {
  count = local.is_ours ? 1 : 0

  vpc_id = local.vpc_id
}

resource "aws_security_group" "brokers" {
  #checkov:skip=CKV2_AWS_5:Carried by what other modules make

  name        = "${var.name}-brokers"
  description = "Kafka brokers"
  vpc_id      = local.vpc_id
}
