import { Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib"
import {
  AttributeType,
  Billing,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb"
import { EventBus } from "aws-cdk-lib/aws-events"
import { LogGroup } from "aws-cdk-lib/aws-logs"
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectLockRetention, ObjectOwnership } from "aws-cdk-lib/aws-s3"
import { Secret, type SecretStringGenerator } from "aws-cdk-lib/aws-secretsmanager"
import { StringParameter } from "aws-cdk-lib/aws-ssm"
import type { Construct } from "constructs"
import { indexes, tableKeys, ttlAttribute } from "../shared/store/table.ts"
import { acknowledge } from "./acknowledge.ts"
import { names } from "./names.ts"
import type { Stage } from "./stage.ts"
import { SignInPool } from "./user-pool.ts"

/**
 * What must survive: the table, the secrets, the user pool of a stage that has one, the audit archive, the event bus and the trail of
 * requests. All of it is retained when the stack is deleted.
 */
export class DataStack extends Stack {
  constructor(scope: Construct, id: string, stageName: string, stage: Stage, props: StackProps) {
    super(scope, id, props)
    const table = this.table(names(stageName).table, stage.recoveryDays)
    new StringParameter(this, "TableStreamArn", {
      parameterName: names(stageName).streamArnParameter,
      stringValue: table.tableStreamArn ?? "",
    }).applyRemovalPolicy(RemovalPolicy.RETAIN)
    this.auditArchive(stageName, stage)
    // Other teams hang their rules on it.
    new EventBus(this, "Bus", { eventBusName: names(stageName).bus }).applyRemovalPolicy(RemovalPolicy.RETAIN)
    // Frozen (test/infra/frozen.test.ts): CloudFormation makes a new value when a generator's property changes.
    this.secret("Keyring", names(stageName).keyring, {
      secretStringTemplate: '{"mintFrom":{}}',
      generateStringKey: "k1",
    })
    this.secret("Cursor", names(stageName).cursor, {})
    this.secret("Edge", names(stageName).edge, {})
    if (!stage.signIn) new SignInPool(this, "SignIn", stageName, stage)
    // The trail of requests, and the bridge between the two other stacks: one writes to it, the other subscribes.
    new LogGroup(this, "AuthorizerLog", {
      logGroupName: names(stageName).logGroup("authorizer"),
      retention: stage.logRetention,
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  private table(tableName: string, recoveryPeriodInDays: number): TableV2 {
    const text = (name: string) => ({ name, type: AttributeType.STRING })
    return new TableV2(this, "Table", {
      tableName,
      partitionKey: text(tableKeys.partition),
      sortKey: text(tableKeys.sort),
      globalSecondaryIndexes: Object.entries(indexes).map(([indexName, { partition, sort }]) => ({
        indexName,
        partitionKey: text(partition),
        sortKey: text(sort),
        projectionType: ProjectionType.KEYS_ONLY,
      })),
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays },
      deletionProtection: true,
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      timeToLiveAttribute: ttlAttribute,
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  /** Objects that nobody can change, from the first day: a bucket's lock holds for what is written after it was set. */
  private auditArchive(stageName: string, { auditLock: { mode, days } }: Stage): void {
    const retention = Duration.days(days)
    const bucket = new Bucket(this, "AuditArchive", {
      bucketName: names(stageName).auditBucket(this.account, this.region),
      objectLockEnabled: true,
      objectLockDefaultRetention:
        mode === "COMPLIANCE" ? ObjectLockRetention.compliance(retention) : ObjectLockRetention.governance(retention),
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN)
    acknowledge(bucket, {
      "AwsSolutions-S1": "One function may write to it and nobody may change it; who reads is in the account's trail.",
    })
  }

  private secret(id: string, secretName: string, shape: Partial<SecretStringGenerator>): void {
    const secret = new Secret(this, id, {
      secretName,
      generateSecretString: { passwordLength: 64, excludePunctuation: true, ...shape },
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(secret, {
      "AwsSolutions-SMG4":
        "Rotating a key by replacing it would end every token: keys are added beside the old ones, by an operator.",
    })
  }
}
