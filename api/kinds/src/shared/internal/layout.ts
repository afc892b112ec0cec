/**
 * Names, order and types of the fields that upstream's server has in memory for pod specs and their like, where error
 * texts show them: a finding about a whole struct quotes it with these names, and the refusal of a pod update prints a
 * diff of it.
 *
 * One struct a row, its fields in order: `Name`, `=json name` when it is not the name with a small first letter (`^`:
 * it lies in the pod spec, one level up), `:type`. Types: `*` may be null, `[]` list, `{}` map, a struct's name, or
 * string, number, bool, quantity, time, json (any value), raw (shown as it is on the wire), meta (ObjectMeta, shown in line).
 */
const VOLUME_SOURCE =
  "GCEPersistentDisk=gcePersistentDisk:*GCEPersistentDiskVolumeSource AWSElasticBlockStore=awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource HostPath:*HostPathVolumeSource Glusterfs:*GlusterfsPersistentVolumeSource NFS=nfs:*NFSVolumeSource RBD=rbd:*RBDPersistentVolumeSource Quobyte:*QuobyteVolumeSource ISCSI=iscsi:*ISCSIPersistentVolumeSource FlexVolume:*FlexPersistentVolumeSource Cinder:*CinderPersistentVolumeSource CephFS=cephfs:*CephFSPersistentVolumeSource FC=fc:*FCVolumeSource Flocker:*FlockerVolumeSource AzureFile:*AzureFilePersistentVolumeSource VsphereVolume:*VsphereVirtualDiskVolumeSource AzureDisk:*AzureDiskVolumeSource PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource PortworxVolume:*PortworxVolumeSource ScaleIO=scaleIO:*ScaleIOPersistentVolumeSource Local:*LocalVolumeSource StorageOS=storageos:*StorageOSPersistentVolumeSource CSI=csi:*CSIPersistentVolumeSource";

export const layouts: Readonly<Record<string, string>> = {
  PodSpec:
    "Volumes:[]Volume InitContainers:[]Container Containers:[]Container EphemeralContainers:[]EphemeralContainer RestartPolicy:string TerminationGracePeriodSeconds:*number ActiveDeadlineSeconds:*number DNSPolicy=dnsPolicy:string NodeSelector:{}string ServiceAccountName:string AutomountServiceAccountToken:*bool NodeName:string SecurityContext:*PodSecurityContext ImagePullSecrets:[]LocalObjectReference Hostname:string Subdomain:string SetHostnameAsFQDN:*bool Affinity:*Affinity SchedulerName:string Tolerations:[]Toleration HostAliases:[]HostAlias PriorityClassName:string Priority:*number PreemptionPolicy:*string DNSConfig=dnsConfig:*PodDNSConfig ReadinessGates:[]PodReadinessGate RuntimeClassName:*string Overhead:{}quantity EnableServiceLinks:*bool TopologySpreadConstraints:[]TopologySpreadConstraint OS=os:*PodOS SchedulingGates:[]PodSchedulingGate ResourceClaims:[]PodResourceClaim Resources:*ResourceRequirements HostnameOverride:*string SchedulingGroup:*PodSchedulingGroup",
  Volume:
    "Name:string HostPath:*HostPathVolumeSource EmptyDir:*EmptyDirVolumeSource GCEPersistentDisk=gcePersistentDisk:*GCEPersistentDiskVolumeSource AWSElasticBlockStore=awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource GitRepo:*GitRepoVolumeSource Secret:*SecretVolumeSource NFS=nfs:*NFSVolumeSource ISCSI=iscsi:*ISCSIVolumeSource Glusterfs:*GlusterfsVolumeSource PersistentVolumeClaim:*PersistentVolumeClaimVolumeSource RBD=rbd:*RBDVolumeSource Quobyte:*QuobyteVolumeSource FlexVolume:*FlexVolumeSource Cinder:*CinderVolumeSource CephFS=cephfs:*CephFSVolumeSource Flocker:*FlockerVolumeSource DownwardAPI:*DownwardAPIVolumeSource FC=fc:*FCVolumeSource AzureFile:*AzureFileVolumeSource ConfigMap:*ConfigMapVolumeSource VsphereVolume:*VsphereVirtualDiskVolumeSource AzureDisk:*AzureDiskVolumeSource PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource Projected:*ProjectedVolumeSource PortworxVolume:*PortworxVolumeSource ScaleIO:*ScaleIOVolumeSource StorageOS=storageos:*StorageOSVolumeSource CSI=csi:*CSIVolumeSource Ephemeral:*EphemeralVolumeSource Image:*ImageVolumeSource",
  HostPathVolumeSource: "Path:string Type:*string",
  EmptyDirVolumeSource: "Medium:string SizeLimit:*quantity",
  GCEPersistentDiskVolumeSource: "PDName=pdName:string FSType=fsType:string Partition:number ReadOnly:bool",
  AWSElasticBlockStoreVolumeSource: "VolumeID:string FSType=fsType:string Partition:number ReadOnly:bool",
  GitRepoVolumeSource: "Repository:string Revision:string Directory:string",
  SecretVolumeSource: "SecretName:string Items:[]KeyToPath DefaultMode:*number Optional:*bool",
  KeyToPath: "Key:string Path:string Mode:*number",
  NFSVolumeSource: "Server:string Path:string ReadOnly:bool",
  ISCSIVolumeSource:
    "TargetPortal:string IQN=iqn:string Lun:number ISCSIInterface=iscsiInterface:string FSType=fsType:string ReadOnly:bool Portals:[]string DiscoveryCHAPAuth=chapAuthDiscovery:bool SessionCHAPAuth=chapAuthSession:bool SecretRef:*LocalObjectReference InitiatorName:*string",
  LocalObjectReference: "Name:string",
  GlusterfsVolumeSource: "EndpointsName=endpoints:string Path:string ReadOnly:bool",
  PersistentVolumeClaimVolumeSource: "ClaimName:string ReadOnly:bool",
  RBDVolumeSource:
    "CephMonitors=monitors:[]string RBDImage=image:string FSType=fsType:string RBDPool=pool:string RadosUser=user:string Keyring:string SecretRef:*LocalObjectReference ReadOnly:bool",
  QuobyteVolumeSource: "Registry:string Volume:string ReadOnly:bool User:string Group:string Tenant:string",
  FlexVolumeSource:
    "Driver:string FSType=fsType:string SecretRef:*LocalObjectReference ReadOnly:bool Options:{}string",
  CinderVolumeSource: "VolumeID:string FSType=fsType:string ReadOnly:bool SecretRef:*LocalObjectReference",
  CephFSVolumeSource:
    "Monitors:[]string Path:string User:string SecretFile:string SecretRef:*LocalObjectReference ReadOnly:bool",
  FlockerVolumeSource: "DatasetName:string DatasetUUID:string",
  DownwardAPIVolumeSource: "Items:[]DownwardAPIVolumeFile DefaultMode:*number",
  DownwardAPIVolumeFile:
    "Path:string FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector Mode:*number",
  ObjectFieldSelector: "APIVersion=apiVersion:string FieldPath:string",
  ResourceFieldSelector: "ContainerName:string Resource:string Divisor:quantity",
  FCVolumeSource: "TargetWWNs:[]string Lun:*number FSType=fsType:string ReadOnly:bool WWIDs=wwids:[]string",
  AzureFileVolumeSource: "SecretName:string ShareName:string ReadOnly:bool",
  ConfigMapVolumeSource: "Name:string Items:[]KeyToPath DefaultMode:*number Optional:*bool",
  VsphereVirtualDiskVolumeSource:
    "VolumePath:string FSType=fsType:string StoragePolicyName:string StoragePolicyID:string",
  AzureDiskVolumeSource:
    "DiskName:string DataDiskURI=diskURI:string CachingMode:*string FSType=fsType:*string ReadOnly:*bool Kind:*string",
  PhotonPersistentDiskVolumeSource: "PdID:string FSType=fsType:string",
  ProjectedVolumeSource: "Sources:[]VolumeProjection DefaultMode:*number",
  VolumeProjection:
    "Secret:*SecretProjection DownwardAPI:*DownwardAPIProjection ConfigMap:*ConfigMapProjection ServiceAccountToken:*ServiceAccountTokenProjection ClusterTrustBundle:*ClusterTrustBundleProjection PodCertificate:*PodCertificateProjection",
  SecretProjection: "Name:string Items:[]KeyToPath Optional:*bool",
  DownwardAPIProjection: "Items:[]DownwardAPIVolumeFile",
  ConfigMapProjection: "Name:string Items:[]KeyToPath Optional:*bool",
  ServiceAccountTokenProjection: "Audience:string ExpirationSeconds:number Path:string",
  ClusterTrustBundleProjection:
    "Name:*string SignerName:*string LabelSelector:*raw Optional:*bool Path:string",
  PodCertificateProjection:
    "SignerName:string KeyType:string MaxExpirationSeconds:*number CredentialBundlePath:string KeyPath:string CertificateChainPath:string UserAnnotations:{}string",
  PortworxVolumeSource: "VolumeID:string FSType=fsType:string ReadOnly:bool",
  ScaleIOVolumeSource:
    "Gateway:string System:string SecretRef:*LocalObjectReference SSLEnabled=sslEnabled:bool ProtectionDomain:string StoragePool:string StorageMode:string VolumeName:string FSType=fsType:string ReadOnly:bool",
  StorageOSVolumeSource:
    "VolumeName:string VolumeNamespace:string FSType=fsType:string ReadOnly:bool SecretRef:*LocalObjectReference",
  CSIVolumeSource:
    "Driver:string ReadOnly:*bool FSType=fsType:*string VolumeAttributes:{}string NodePublishSecretRef:*LocalObjectReference",
  EphemeralVolumeSource: "VolumeClaimTemplate:*PersistentVolumeClaimTemplate",
  ParentReference: "Group:string Resource:string Namespace:string Name:string",
  PersistentVolumeSource: VOLUME_SOURCE,
  PersistentVolumeSpec: `Capacity:{}quantity ${VOLUME_SOURCE} AccessModes:[]string ClaimRef:*ObjectReference PersistentVolumeReclaimPolicy:string StorageClassName:string MountOptions:[]string VolumeMode:*string NodeAffinity:*VolumeNodeAffinity VolumeAttributesClassName:*string`,
  CSINodeDriver: "Name:string NodeID=nodeID:string TopologyKeys:[]string Allocatable:*raw",
  VolumeAttachmentSpec: "Attacher:string Source:VolumeAttachmentSource NodeName:string",
  VolumeAttachmentSource: "PersistentVolumeName:*string InlineVolumeSpec:*PersistentVolumeSpec",
  GlusterfsPersistentVolumeSource:
    "EndpointsName=endpoints:string Path:string ReadOnly:bool EndpointsNamespace:*string",
  RBDPersistentVolumeSource:
    "CephMonitors=monitors:[]string RBDImage=image:string FSType=fsType:string RBDPool=pool:string RadosUser=user:string Keyring:string SecretRef:*SecretReference ReadOnly:bool",
  ISCSIPersistentVolumeSource:
    "TargetPortal:string IQN=iqn:string Lun:number ISCSIInterface=iscsiInterface:string FSType=fsType:string ReadOnly:bool Portals:[]string DiscoveryCHAPAuth=chapAuthDiscovery:bool SessionCHAPAuth=chapAuthSession:bool SecretRef:*SecretReference InitiatorName:*string",
  FlexPersistentVolumeSource:
    "Driver:string FSType=fsType:string SecretRef:*SecretReference ReadOnly:bool Options:{}string",
  CinderPersistentVolumeSource:
    "VolumeID:string FSType=fsType:string ReadOnly:bool SecretRef:*SecretReference",
  CephFSPersistentVolumeSource:
    "Monitors:[]string Path:string User:string SecretFile:string SecretRef:*SecretReference ReadOnly:bool",
  AzureFilePersistentVolumeSource: "SecretName:string ShareName:string ReadOnly:bool SecretNamespace:*string",
  ScaleIOPersistentVolumeSource:
    "Gateway:string System:string SecretRef:*SecretReference SSLEnabled=sslEnabled:bool ProtectionDomain:string StoragePool:string StorageMode:string VolumeName:string FSType=fsType:string ReadOnly:bool",
  LocalVolumeSource: "Path:string FSType=fsType:*string",
  StorageOSPersistentVolumeSource:
    "VolumeName:string VolumeNamespace:string FSType=fsType:string ReadOnly:bool SecretRef:*ObjectReference",
  CSIPersistentVolumeSource:
    "Driver:string VolumeHandle:string ReadOnly:bool FSType=fsType:string VolumeAttributes:{}string ControllerPublishSecretRef:*SecretReference NodeStageSecretRef:*SecretReference NodePublishSecretRef:*SecretReference ControllerExpandSecretRef:*SecretReference NodeExpandSecretRef:*SecretReference",
  SecretReference: "Name:string Namespace:string",
  ObjectReference:
    "Kind:string Namespace:string Name:string UID=uid:string APIVersion=apiVersion:string ResourceVersion:string FieldPath:string",
  VolumeNodeAffinity: "Required:*NodeSelector",
  PersistentVolumeClaimTemplate: "ObjectMeta=metadata:meta Spec:PersistentVolumeClaimSpec",
  PersistentVolumeClaimSpec:
    "AccessModes:[]string Selector:*raw Resources:VolumeResourceRequirements VolumeName:string StorageClassName:*string VolumeMode:*string DataSource:*TypedLocalObjectReference DataSourceRef:*TypedObjectReference VolumeAttributesClassName:*string",
  VolumeResourceRequirements: "Limits:{}quantity Requests:{}quantity",
  TypedLocalObjectReference: "APIGroup=apiGroup:*string Kind:string Name:string",
  TypedObjectReference: "APIGroup=apiGroup:*string Kind:string Name:string Namespace:*string",
  ImageVolumeSource: "Reference:string PullPolicy:string",
  Container:
    "Name:string Image:string Command:[]string Args:[]string WorkingDir:string Ports:[]ContainerPort EnvFrom:[]EnvFromSource Env:[]EnvVar Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy RestartPolicy:*string RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount VolumeDevices:[]VolumeDevice LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath:string TerminationMessagePolicy:string ImagePullPolicy:string SecurityContext:*SecurityContext Stdin:bool StdinOnce:bool TTY=tty:bool",
  ContainerPort: "Name:string HostPort:number ContainerPort:number Protocol:string HostIP:string",
  EnvFromSource: "Prefix:string ConfigMapRef:*ConfigMapEnvSource SecretRef:*SecretEnvSource",
  ConfigMapEnvSource: "Name:string Optional:*bool",
  SecretEnvSource: "Name:string Optional:*bool",
  EnvVar: "Name:string Value:string ValueFrom:*EnvVarSource",
  EnvVarSource:
    "FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector ConfigMapKeyRef:*ConfigMapKeySelector SecretKeyRef:*SecretKeySelector FileKeyRef:*FileKeySelector",
  ConfigMapKeySelector: "Name:string Key:string Optional:*bool",
  SecretKeySelector: "Name:string Key:string Optional:*bool",
  FileKeySelector: "VolumeName:string Path:string Key:string Optional:*bool",
  ResourceRequirements: "Limits:{}quantity Requests:{}quantity Claims:[]ResourceClaim",
  ResourceClaim: "Name:string Request:string",
  ContainerResizePolicy: "ResourceName:string RestartPolicy:string",
  ContainerRestartRule: "Action:string ExitCodes:*ContainerRestartRuleOnExitCodes",
  ContainerRestartRuleOnExitCodes: "Operator:string Values:[]number",
  VolumeMount:
    "Name:string ReadOnly:bool RecursiveReadOnly:*string MountPath:string SubPath:string MountPropagation:*string SubPathExpr:string",
  VolumeDevice: "Name:string DevicePath:string",
  Probe:
    "Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction GRPC=grpc:*GRPCAction InitialDelaySeconds:number TimeoutSeconds:number PeriodSeconds:number SuccessThreshold:number FailureThreshold:number TerminationGracePeriodSeconds:*number",
  ExecAction: "Command:[]string",
  HTTPGetAction: "Path:string Port:number Host:string Scheme:string HTTPHeaders=httpHeaders:[]HTTPHeader",
  HTTPHeader: "Name:string Value:string",
  TCPSocketAction: "Port:number Host:string",
  GRPCAction: "Port:number Service:*string",
  Lifecycle: "PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal:*string",
  LifecycleHandler:
    "Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction Sleep:*SleepAction",
  SleepAction: "Seconds:number",
  SecurityContext:
    "Capabilities:*Capabilities Privileged:*bool SELinuxOptions=seLinuxOptions:*SELinuxOptions WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*number RunAsGroup:*number RunAsNonRoot:*bool ReadOnlyRootFilesystem:*bool AllowPrivilegeEscalation:*bool ProcMount:*string SeccompProfile:*SeccompProfile AppArmorProfile:*AppArmorProfile",
  Capabilities: "Add:[]string Drop:[]string",
  SELinuxOptions: "User:string Role:string Type:string Level:string",
  WindowsSecurityContextOptions:
    "GMSACredentialSpecName=gmsaCredentialSpecName:*string GMSACredentialSpec=gmsaCredentialSpec:*string RunAsUserName:*string HostProcess:*bool",
  SeccompProfile: "Type:string LocalhostProfile:*string",
  AppArmorProfile: "Type:string LocalhostProfile:*string",
  EphemeralContainer:
    "Name:string Image:string Command:[]string Args:[]string WorkingDir:string Ports:[]ContainerPort EnvFrom:[]EnvFromSource Env:[]EnvVar Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy RestartPolicy:*string RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount VolumeDevices:[]VolumeDevice LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath:string TerminationMessagePolicy:string ImagePullPolicy:string SecurityContext:*SecurityContext Stdin:bool StdinOnce:bool TTY=tty:bool TargetContainerName:string",
  PodSecurityContext:
    "HostNetwork=^:bool HostPID=^:bool HostIPC=^:bool ShareProcessNamespace=^:*bool HostUsers=^:*bool SELinuxOptions=seLinuxOptions:*SELinuxOptions WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*number RunAsGroup:*number RunAsNonRoot:*bool SupplementalGroups:[]number SupplementalGroupsPolicy:*string FSGroup=fsGroup:*number FSGroupChangePolicy=fsGroupChangePolicy:*string Sysctls:[]Sysctl SeccompProfile:*SeccompProfile AppArmorProfile:*AppArmorProfile SELinuxChangePolicy=seLinuxChangePolicy:*string",
  Sysctl: "Name:string Value:string",
  Affinity: "NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAntiAffinity",
  NodeAffinity:
    "RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector PreferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm",
  NodeSelector: "NodeSelectorTerms:[]NodeSelectorTerm",
  NodeSelectorTerm: "MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement",
  NodeSelectorRequirement: "Key:string Operator:string Values:[]string",
  PreferredSchedulingTerm: "Weight:number Preference:NodeSelectorTerm",
  PodAffinity:
    "RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm",
  PodAffinityTerm:
    "LabelSelector:*raw Namespaces:[]string TopologyKey:string NamespaceSelector:*raw MatchLabelKeys:[]string MismatchLabelKeys:[]string",
  WeightedPodAffinityTerm: "Weight:number PodAffinityTerm:PodAffinityTerm",
  PodAntiAffinity:
    "RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm",
  Toleration: "Key:string Operator:string Value:string Effect:string TolerationSeconds:*number",
  HostAlias: "IP=ip:string Hostnames:[]string",
  PodDNSConfig: "Nameservers:[]string Searches:[]string Options:[]PodDNSConfigOption",
  PodDNSConfigOption: "Name:string Value:*string",
  PodReadinessGate: "ConditionType:string",
  TopologySpreadConstraint:
    "MaxSkew:number TopologyKey:string WhenUnsatisfiable:string LabelSelector:*raw MinDomains:*number NodeAffinityPolicy:*string NodeTaintsPolicy:*string MatchLabelKeys:[]string",
  PodOS: "Name:string",
  PodSchedulingGate: "Name:string",
  PodResourceClaim: "Name:string ResourceClaimName:*string ResourceClaimTemplateName:*string",
  PodSchedulingGroup: "PodGroupName:*string",
  ScopeSelector: "MatchExpressions:[]ScopedResourceSelectorRequirement",
  ScopedResourceSelectorRequirement: "ScopeName:string Operator:string Values:[]string",
  FlowSchemaSpec:
    "PriorityLevelConfiguration:PriorityLevelConfigurationReference MatchingPrecedence:number DistinguisherMethod:*FlowDistinguisherMethod Rules:[]PolicyRulesWithSubjects",
  PriorityLevelConfigurationReference: "Name:string",
  FlowDistinguisherMethod: "Type:string",
  PolicyRulesWithSubjects:
    "Subjects:[]FlowSubject ResourceRules:[]ResourcePolicyRule NonResourceRules:[]NonResourcePolicyRule",
  FlowSubject: "Kind:string User:*NamedSubject Group:*NamedSubject ServiceAccount:*ServiceAccountSubject",
  NamedSubject: "Name:string",
  ServiceAccountSubject: "Namespace:string Name:string",
  ResourcePolicyRule:
    "Verbs:[]string APIGroups=apiGroups:[]string Resources:[]string ClusterScope:bool Namespaces:[]string",
  NonResourcePolicyRule: "Verbs:[]string NonResourceURLs:[]string",
  PriorityLevelConfigurationSpec:
    "Type:string Limited:*LimitedPriorityLevelConfiguration Exempt:*ExemptPriorityLevelConfiguration",
  LimitedPriorityLevelConfiguration:
    "NominalConcurrencyShares:number LimitResponse:LimitResponse LendablePercent:*number BorrowingLimitPercent:*number",
  ExemptPriorityLevelConfiguration: "NominalConcurrencyShares:*number LendablePercent:*number",
  LimitResponse: "Type:string Queuing:*QueuingConfiguration",
  QueuingConfiguration: "Queues:number HandSize:number QueueLengthLimit:number",
  ResourceClaimTemplateSpec: "ObjectMeta=metadata:meta Spec:ResourceClaimSpec",
  ResourceClaimSpec: "Devices:DeviceClaim",
  DeviceClaim: "Requests:[]DeviceRequest Constraints:[]DeviceConstraint Config:[]DeviceClaimConfiguration",
  DeviceRequest: "Name:string Exactly:*ExactDeviceRequest FirstAvailable:[]DeviceSubRequest",
  ExactDeviceRequest:
    "DeviceClassName:string Selectors:[]DeviceSelector AllocationMode:string Count:number AdminAccess:*bool Tolerations:[]DeviceToleration Capacity:*CapacityRequirements",
  DeviceSubRequest:
    "Name:string DeviceClassName:string Selectors:[]DeviceSelector AllocationMode:string Count:number Tolerations:[]DeviceToleration Capacity:*CapacityRequirements",
  CapacityRequirements: "Requests:{}quantity",
  DeviceSelector: "CEL=cel:*CELDeviceSelector",
  CELDeviceSelector: "Expression:string",
  DeviceConstraint: "Requests:[]string MatchAttribute:*string DistinctAttribute:*string",
  DeviceClaimConfiguration: "Requests:[]string Opaque:*OpaqueDeviceConfiguration",
  OpaqueDeviceConfiguration: "Driver:string Parameters:json",
  DeviceToleration: "Key:string Operator:string Value:string Effect:string TolerationSeconds:*number",
  AllocationResult: "Devices:DeviceAllocationResult NodeSelector:*NodeSelector AllocationTimestamp:*time",
  DeviceAllocationResult: "Results:[]DeviceRequestAllocationResult Config:[]DeviceAllocationConfiguration",
  DeviceRequestAllocationResult:
    "Request:string Driver:string Pool:string Device:string AdminAccess:*bool Tolerations:[]DeviceToleration BindingConditions:[]string BindingFailureConditions:[]string ShareID=shareID:*string ConsumedCapacity:{}quantity",
  DeviceAllocationConfiguration: "Source:string Requests:[]string Opaque:*OpaqueDeviceConfiguration",
  DeviceAttribute:
    "IntValue=int:*number BoolValue=bool:*bool StringValue=string:*string VersionValue=version:*string IntValues=ints:[]number BoolValues=bools:[]bool StringValues=strings:[]string VersionValues=versions:[]string",
  ResourcePoolStatusRequestStatus: "PoolCount:*number Pools:[]PoolStatus Conditions:[]json",
  PoolStatus:
    "Driver:string PoolName:string Generation:number ResourceSliceCount:*number TotalDevices:*number AllocatedDevices:*number AvailableDevices:*number UnavailableDevices:*number NodeName:*string ValidationError:*string",
  PodCertificateRequestSpec:
    "SignerName:string PodName:string PodUID=podUID:string ServiceAccountName:string ServiceAccountUID=serviceAccountUID:string NodeName:string NodeUID=nodeUID:string MaxExpirationSeconds:*number PKIXPublicKey=pkixPublicKey:json ProofOfPossession:json StubPKCS10Request=stubPKCS10Request:json UnverifiedUserAnnotations:{}string",
  ServicePort:
    "Name:string Protocol:string AppProtocol:*string Port:number TargetPort:number NodePort:number",
  Taint: "Key:string Value:string Effect:string TimeAdded:*time",
  NodeAddress: "Type:string Address:string",
  NodeConfigSource: "ConfigMap:*ConfigMapNodeConfigSource",
  ConfigMapNodeConfigSource:
    "Namespace:string Name:string UID=uid:string ResourceVersion:string KubeletConfigKey:string",
  PodIP: "IP=ip:string",
  HostIP: "IP=ip:string",
  DeploymentStrategy: "Type:string RollingUpdate:*RollingUpdateDeployment",
  DaemonSetUpdateStrategy: "Type:string RollingUpdate:*RollingUpdateDaemonSet",
  RollingUpdateDaemonSet: "MaxUnavailable:number MaxSurge:number",
  StatefulSetUpdateStrategy: "Type:string RollingUpdate:*RollingUpdateStatefulSetStrategy",
  RollingUpdateStatefulSetStrategy: "Partition:number MaxUnavailable:*number",
  HorizontalPodAutoscalerBehavior: "ScaleUp:*HPAScalingRules ScaleDown:*HPAScalingRules",
  HPAScalingRules:
    "StabilizationWindowSeconds:*number SelectPolicy:*string Policies:[]HPAScalingPolicy Tolerance:*quantity",
  HPAScalingPolicy: "Type:string Value:number PeriodSeconds:number",
  PodTemplateSpec: "ObjectMeta=metadata:meta Spec:PodSpec",
  PodFailurePolicy: "Rules:[]PodFailurePolicyRule",
  PodFailurePolicyRule:
    "Action:string OnExitCodes:*PodFailurePolicyOnExitCodesRequirement OnPodConditions:[]PodFailurePolicyOnPodConditionsPattern",
  PodFailurePolicyOnExitCodesRequirement: "ContainerName:*string Operator:string Values:[]number",
  PodFailurePolicyOnPodConditionsPattern: "Type:string Status:string",
  SuccessPolicy: "Rules:[]SuccessPolicyRule",
  SuccessPolicyRule: "SucceededIndexes:*string SucceededCount:*number",
  UncountedTerminatedPods: "Succeeded:[]string Failed:[]string",
  PodDisruptionBudgetSpec:
    "MinAvailable:*number Selector:*raw MaxUnavailable:*number UnhealthyPodEvictionPolicy:*string",
  RollingUpdateDeployment: "MaxUnavailable:number MaxSurge:number",
  AuditAnnotation: "Key:string ValueExpression:string",
};
